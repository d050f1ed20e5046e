// What somebody who looks at the tab sees.

export class View {
  #document;
  /** @type {Map<number, { row: HTMLElement, runs: HTMLElement }>} */ #models = new Map();
  #runsOfClosed = 0;
  /** @type {Map<number, number>} */ #runs = new Map();

  /** @param {Document} document */
  constructor(document) {
    this.#document = document;
    this.showConnection('connecting', location.host);
  }

  /** @param {'connecting' | 'connected' | 'closed'} state @param {string} detail */
  showConnection(state, detail) {
    this.#document.body.dataset.state = state;
    this.#write('state', state);
    this.#write('detail', detail);
    this.#document.title = `webpool: ${state}`;
  }

  /** @param {Awaited<ReturnType<typeof import('./capabilities.js').probeCapabilities>>} capabilities */
  showBrowser({ browser, browser_version: version, webgpu, webnn }) {
    this.#write('browser', [browser.replace('_', ' '), version].filter(Boolean).join(' '));
    const adapter = typeof webgpu === 'string' ? webgpu : [webgpu.vendor, webgpu.architecture, webgpu.device, webgpu.description].filter(Boolean).join(' ') || 'an adapter without a name';
    this.#write('adapter', typeof webgpu !== 'string' && webgpu.software ? `${adapter} (software)` : adapter);
    const devices = typeof webnn === 'string' ? [] : Object.keys(webnn).filter(type => webnn[type] === null);
    this.#write('webnn', typeof webnn === 'string' ? webnn : devices.length ? `when asked for ${devices.join(', ')}` : 'for no device');
  }

  /** @param {number} id @param {string} model @param {string} backend */
  showModel(id, model, backend) {
    const [name, place, runs] = [model, backend, '0'].map(text => Object.assign(this.#document.createElement('td'), { textContent: text }));
    const row = this.#document.createElement('tr');
    row.append(name, place, runs);
    this.#element('models').append(row);
    this.#models.set(id, { row, runs });
  }

  /** @param {number} id @param {number} count */
  showRuns(id, count) {
    const model = this.#models.get(id);
    if (model) model.runs.textContent = String(count);
    this.#runs.set(id, count);
    this.#showTotal();
  }

  /** @param {number} id */
  forgetModel(id) {
    this.#models.get(id)?.row.remove();
    this.#models.delete(id);
    this.#runsOfClosed += this.#runs.get(id) ?? 0;
    this.#runs.delete(id);
    this.#showTotal();
  }

  /** @param {string} message */
  showTrouble(message) {
    this.#write('trouble', message);
  }

  #showTotal() {
    this.#write('runs', String([...this.#runs.values()].reduce((sum, runs) => sum + runs, this.#runsOfClosed)));
  }

  /** @param {string} id @returns {HTMLElement} */
  #element(id) {
    return /** @type {HTMLElement} */ (this.#document.getElementById(id));
  }

  /** @param {string} id @param {string} text */
  #write(id, text) {
    this.#element(id).textContent = text;
  }
}
