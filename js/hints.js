// What is known about the device: visibility, power, heat, the price of traffic. What the browser does not report is left out, never guessed.

/** @typedef {{ charging: boolean, level: number }} Battery   the browser keeps it up to date */
/** @typedef {{ observe: (source: string) => Promise<void>, disconnect: () => void }} Observer */
/**
 * The parts of the page's global object that are read here; all but the document may be missing.
 * @typedef {{ document: Pick<Document, 'visibilityState' | 'addEventListener'>,
 *   navigator: { getBattery?: () => Promise<Battery>, connection?: { saveData?: boolean } },
 *   PressureObserver?: new (heard: (records: { state: string }[]) => void) => Observer }} Page
 */

const pressures = ['nominal', 'fair', 'serious', 'critical'];

export class Hints {
  /** @type {Battery | undefined} */ #battery;
  /** @type {string | undefined} */ #pressure;
  /** @type {Observer | undefined} */ #observer;
  #page;

  constructor(page = /** @type {Page} */ (/** @type {unknown} */ (globalThis))) {
    this.#page = page;
    page.navigator.getBattery?.().then(battery => { this.#battery = battery; }, () => {});  // a policy may forbid it
    const { PressureObserver } = page;
    if (!PressureObserver) return;
    this.#observer = new PressureObserver(records => { this.#pressure = records.at(-1)?.state; });
    this.#watchPressure();
    page.document.addEventListener('visibilitychange', () => this.#watchPressure());
  }

  get #visible() {
    return this.#page.document.visibilityState === 'visible';
  }

  /** A hidden page is not told how the pressure changes, so it forgets the last value. */
  #watchPressure() {
    this.#pressure = undefined;
    if (this.#visible) this.#observer?.observe('cpu').catch(() => {});  // there may be no sensor
    else this.#observer?.disconnect();
  }

  /** The hints as they are now, under the names of `pong`. */
  read() {
    const { charging, level } = this.#battery ?? {};
    const pressure = this.#pressure !== undefined && pressures.includes(this.#pressure) ? this.#pressure : undefined;
    return { visible: this.#visible, charging, battery: level, pressure, save_data: this.#page.navigator.connection?.saveData };
  }
}
