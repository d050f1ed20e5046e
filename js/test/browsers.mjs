// Starts real browsers without a window, with a fresh profile, and ends them with everything they started.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const chromiumFlags = (/** @type {string} */ profile) => [
  '--headless', '--disable-quic', '--no-first-run', '--no-default-browser-check', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows',
  '--enable-unsafe-webgpu', `--user-data-dir=${profile}`, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];

const firefoxPreferences = {
  'dom.webgpu.enabled': true, 'dom.webgpu.workers.enabled': true, 'gfx.webgpu.ignore-blocklist': true,
  'app.update.enabled': false, 'app.normandy.enabled': false, 'browser.shell.checkDefaultBrowser': false, 'browser.startup.homepage_override.mstone': 'ignore',
  'browser.aboutwelcome.enabled': false, 'datareporting.policy.dataSubmissionEnabled': false, 'toolkit.telemetry.enabled': false, 'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false, 'browser.safebrowsing.downloads.remote.enabled': false,
  'services.settings.server': '', 'browser.sessionstore.resume_from_crash': false, 'dom.min_background_timeout_value': 4, 'dom.timeout.enable_budget_timer_throttling': false,
};

/** @typedef {{ name: string, command: string, arguments: (profile: string, url: string) => string[] }} Browser */

/** @type {Record<string, (command: string) => Browser>} */
const kinds = {
  chromium: command => ({ name: 'chromium', command, arguments: (profile, url) => [...chromiumFlags(profile), url] }),
  headless_shell: command => ({
    name: 'headless_shell', command,
    arguments: (profile, url) => [...chromiumFlags(profile), '--ignore-gpu-blocklist', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
      '--enable-features=WebMachineLearningNeuralNetwork', '--remote-debugging-port=0', url],
  }),
  firefox: command => ({
    name: 'firefox', command,
    arguments: (profile, url) => {
      writeFileSync(join(profile, 'user.js'), Object.entries(firefoxPreferences).map(([key, value]) => `user_pref(${JSON.stringify(key)}, ${JSON.stringify(value)});\n`).join(''));
      return ['--headless', '--no-remote', '--profile', profile, url];
    },
  }),
};

/** The command's path, or empty if this machine has none. @param {string} command */
const which = command => spawnSync('which', [command], { encoding: 'utf8' }).stdout.trim();

/** A browser of this kind, or why there is none. @param {string} kind @param {...string} commands @returns {Browser | string} */
export function findBrowser(kind, ...commands) {
  const command = commands.map(which).find(Boolean);
  return command ? kinds[kind](command) : `none of ${commands.join(', ')} is installed`;
}

/** The process of this group that does the GPU's work in Chromium. @param {number} group */
function findGpuProcess(group) {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const [, , processGroup] = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /, '').split(' ');
      if (Number(processGroup) === group && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('--type=gpu-process')) return Number(pid);
    } catch { /* it has ended since it was listed */ }
  }
  throw new Error('this browser has no GPU process');
}

/** Opens a browser at the address. The result ends it and removes its profile. @param {Browser} browser @param {string} url */
export function launch(browser, url) {
  const profile = mkdtempSync(join(tmpdir(), 'webpool-test-'));
  const child = spawn(browser.command, browser.arguments(profile, url), { detached: true, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' } });
  let complaints = '';
  child.stderr.on('data', data => { complaints = (complaints + data).slice(-20000); });
  const gone = new Promise(resolve => child.on('exit', resolve));
  return {
    complaints: () => complaints,
    killGpuProcess: () => process.kill(findGpuProcess(/** @type {number} */ (child.pid)), 'SIGKILL'),
    async end() {
      try {
        process.kill(-(/** @type {number} */ (child.pid)), 'SIGKILL');  // the group: a browser is many processes, and its command may be a script
      } catch { /* it has ended by itself */ }
      await gone;
      rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}
