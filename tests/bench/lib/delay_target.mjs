// The target whose delays are known (../delay_target.cc), and the time stamps that it kept.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { start } from './process.mjs';
import { program, scratchFolder } from './tree.mjs';

// Stands before a command that must get its core when it wants it, as on a machine of its own; only root may ask for that. Where
// sessions share the processor by group, a nice value counts only within its own session, so the group has to have it too.
const FIRST = 'echo -20 2>/dev/null >/proc/$$/autogroup; exec nice -n -20 "$@"';
export const PROMPT = process.getuid() === 0 ? ['sh', '-c', FIRST, 'sh'] : [];

// Stands before the agent's command: woken, its engine runs at once. A fair scheduler lets who runs now have the rest of its slice
// first, however nice the other is.
export const AT_ONCE = process.getuid() === 0 ? ['sh', '-c', 'exec "$@" --real-time', 'sh'] : [];

const folder = scratchFolder('delay');
let targets = 0;

// {url, stamps()}; stamps ends it and gives [{came, answered}] in milliseconds, in the order in which requests came.
export async function startDelayTarget(flags, { cpus = '0' } = {}) {
  const file = join(folder, String(++targets));
  const [command, ...words] = [...PROMPT, program('delay_target'), ...flags, '--stamps', file];
  const target = await start(command, words, { cpus, ready: /127\.0\.0\.1:(\d+)/ });
  return {
    url: `http://127.0.0.1:${target.match[1]}`,
    async stamps() {
      await target.stop();
      const bytes = readFileSync(file);
      const raw = new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
      if (raw.length === 0) return [];
      // From the first on: a double has no nanoseconds to spare for the days that a machine is up.
      const ms = (i) => Number(raw[i] - raw[0]) / 1e6;
      return Array.from({ length: raw.length / 2 }, (_, i) => ({ came: ms(2 * i), answered: raw[2 * i + 1] === 0n ? NaN : ms(2 * i + 1) }));
    },
  };
}

// How late each came, against the grid of `rate` a second that fits the earliest best, in milliseconds: no request can be before it
// was due, so the grid begins where none is.
export function latenessOnGrid(stamps, rate) {
  const period = 1000 / rate;
  const came = Float64Array.from(stamps, (stamp) => stamp.came).sort();
  let begin = Infinity;
  for (let i = 0; i < came.length; ++i) begin = Math.min(begin, came[i] - i * period);
  return came.map((at, i) => at - begin - i * period).sort();
}

// Nearest rank, of sorted values.
export function percentile(sorted, p) {
  return sorted.length === 0 ? NaN : sorted[Math.max(Math.ceil((p / 100) * sorted.length), 1) - 1];
}
