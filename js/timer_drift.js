// How late the page's own timers are. Browsers slow down the timers of hidden tabs, and this is how the pool notices.

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

  /** The largest delay since the last call, in milliseconds; a tick that is still overdue counts. */
  take() {
    const worst = Math.max(this.#worst, this.#lateness());
    this.#worst = 0;
    return Math.round(worst * 10) / 10;
  }

  #lateness() {
    return Math.max(0, performance.now() - this.#due);
  }
}
