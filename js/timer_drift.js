// How late the page's own timers are. Browsers slow the timers of tabs that nobody sees; the pool learns of it here.

const period = 1000;

export class TimerDrift {
  #worst = 0;
  #due = performance.now() + period;

  constructor() {
    setInterval(() => {
      this.#worst = Math.max(this.#worst, this.#lateness());
      this.#due = performance.now() + period;
    }, period);
  }

  /** The largest lateness since this was last asked, in milliseconds; a tick that is still overdue counts. */
  take() {
    const worst = Math.max(this.#worst, this.#lateness());
    this.#worst = 0;
    return Math.round(worst * 10) / 10;
  }

  #lateness() {
    return Math.max(0, performance.now() - this.#due);
  }
}
