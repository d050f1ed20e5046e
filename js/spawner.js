// The page's part in workers of workers: it starts them, and ends each together with the one that asked for it.

/** Serves this worker's requests, and those of workers that it started. @param {Worker} worker @returns {() => void} ends it and all of them */
export function serveSpawns(worker) {
  /** @type {Map<number, () => void>} */
  const ends = new Map();
  const ending = new AbortController();
  worker.addEventListener('message', (/** @type {MessageEvent<import('./spawned_worker.js').SpawnRequest>} */ { data }) => {
    if (data.event === 'spawn') {
      const { child, script, name, port } = data;
      const spawned = new Worker(new URL('./spawned.js', import.meta.url), { type: 'module', name });
      ends.set(child, serveSpawns(spawned));
      spawned.postMessage({ script, port }, [port]);
    } else if (data.event === 'end_spawned') {
      ends.get(data.child)?.();
      ends.delete(data.child);
    }
  }, { signal: ending.signal });
  return () => {
    ending.abort();  // it may have asked for one more
    worker.terminate();
    for (const end of ends.values()) end();
  };
}
