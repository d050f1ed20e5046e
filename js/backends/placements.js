// Which nodes of a graph ONNX Runtime places where. It tells nobody but its log, so that is read.

/** Nodes on one execution provider; `operators` are the first few different ones. @typedef {{ provider: string, nodes: number, operators: string[] }} Placement */

/** Runs say nothing of themselves, also where the session's creation had a lot to say. @type {import('onnxruntime-web').InferenceSession.RunOptions} */
export const quietly = { logSeverityLevel: 3 };

const mostOperators = 8;

/** @type {string[] | undefined} */
let heard;

/** ONNX Runtime keeps the console's functions when it is loaded, so this has to come before. */
export function overhearConsole() {
  if (console.error.name === 'overheard') return;
  for (const level of /** @type {const} */ (['debug', 'error', 'info', 'log', 'warn'])) {
    const say = console[level].bind(console);
    console[level] = function overheard(/** @type {unknown[]} */ ...words) {
      if (heard) heard.push(words.join(' '));
      else say(...words);
    };
  }
}

/** What a log of the verbose kind says. @param {string[]} lines @returns {Placement[]} */
export function placementsIn(lines) {
  /** @type {Placement[]} */
  const placements = [];
  for (const line of lines) {
    const [, words] = /VerifyEachNodeIsAssignedToAnEp\]\s+(.*)/.exec(line) ?? [];
    if (!words) continue;
    const [, provider, nodes] = /placed on \[(\w+?)(?:ExecutionProvider)?\]\. Number of nodes: (\d+)/.exec(words) ?? [];
    const operators = placements.at(-1)?.operators, [, operator] = /^(\w+) \(/.exec(words) ?? [];
    if (provider) placements.push({ provider, nodes: Number(nodes), operators: [] });
    else if (operator && operators && operators.length < mostOperators && !operators.includes(operator)) operators.push(operator);
  }
  return placements;
}

/** Does the work, which creates one session with a verbose log, and tells where its nodes are. @template T @param {() => Promise<T>} work @returns {Promise<[T, Placement[]]>} */
export async function listeningForPlacements(work) {
  /** @type {string[]} */
  const lines = [];
  heard = lines;
  try {
    return [await work(), placementsIn(lines)];
  } finally {
    heard = undefined;
  }
}
