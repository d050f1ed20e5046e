// Unpacks the Chromium headless shell of the npm package @sparticuz/chromium into a folder that needs nothing beside it,
// and prints the path of an executable. That build has WebNN, which the distributions' Chromium has not.
//
//   node js/tools/headless_shell.mjs FOLDER
//
// FOLDER/headless-shell is a small script that starts the browser with its own libraries; give it any Chromium flags.
// The work is done once: a second call finds the same package unpacked and only prints the path.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

const launcher = `#!/bin/sh
folder=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH="$folder\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
exec "$folder/chromium" "$@"
`;

/** Where the package is installed; its own entry point is not loaded, since it unpacks to a fixed place and asks for a newer Node. */
function findPackage() {
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))));
  } catch {
    throw new Error('the npm package @sparticuz/chromium is not installed: run `npm ci --ignore-scripts` in the folder js');
  }
}

/** @param {string} path */
async function unbrotli(path) {
  if (!existsSync(path)) throw new Error(`${basename(path)} is missing in the package @sparticuz/chromium: it holds ${dirname(path)}`);
  return brotliDecompressSync(await readFile(path));
}

/**
 * Unpacks the browser and returns the path of its launcher. Built beside the folder and then renamed, so that a stopped run leaves nothing half done.
 * @param {string} folder
 */
export async function unpackHeadlessShell(folder) {
  const target = resolve(folder);
  const home = findPackage();
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  const stamp = join(target, 'version');
  const executable = join(target, 'headless-shell');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === version) return executable;
  if (existsSync(target) && !existsSync(stamp)) throw new Error(`${target} exists and was not made by this tool: name another folder`);

  const building = `${target}.${process.pid}`;
  await mkdir(building, { recursive: true });
  try {
    await writeFile(join(building, 'chromium'), await unbrotli(join(home, 'bin', 'chromium.br')), { mode: 0o755 });
    execFileSync('tar', ['-x', '-C', building], { input: await unbrotli(join(home, 'bin', 'swiftshader.tar.br')) });
    const missing = ['libEGL.so', 'libGLESv2.so', 'libvulkan.so.1', 'libvk_swiftshader.so', 'vk_swiftshader_icd.json'].filter(name => !existsSync(join(building, name)));
    if (missing.length) throw new Error(`the package @sparticuz/chromium ${version} comes without ${missing.join(', ')}`);
    await writeFile(join(building, 'headless-shell'), launcher, { mode: 0o755 });
    await writeFile(join(building, 'version'), `${version}\n`);
    await rm(target, { recursive: true, force: true });
    await rename(building, target);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return executable;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    if (process.argv.length !== 3) throw new Error('usage: node headless_shell.mjs FOLDER');
    process.stdout.write(`${await unpackHeadlessShell(process.argv[2])}\n`);
  } catch (error) {
    process.stderr.write(`headless_shell: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
