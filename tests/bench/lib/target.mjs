// tests/bench/target.cc: answers WebSockets, drops uploads, counts.
import { sleep, start } from './process.mjs';
import { program } from './tree.mjs';

const POLL_SECONDS = 0.05;

// `processes` share its load; it listens on `addresses` addresses from 127.0.0.1 on.
// {port, counts(), reset(), until(predicate, what, seconds), stop()}
export async function startTarget({ processes = 1, addresses = 1, cpus = '0' } = {}) {
  const target = await start(program('bench_target'), [processes, addresses], { cpus, ready: /listening on port (\d+)/ });
  const port = Number(target.match[1]);
  const get = async (path) => (await fetch(`http://127.0.0.1:${port}/${path}`, { headers: { connection: 'close' } })).json();
  return {
    port,
    counts: () => get('count'),
    reset: () => get('reset'),
    stop: () => target.stop(),
    async until(predicate, what, seconds = 60) {
      const end = Date.now() + seconds * 1000;
      for (;;) {
        const counts = await get('count');
        if (predicate(counts)) return counts;
        if (Date.now() > end) throw new Error(`the target did not see ${what} in ${seconds} s: ${JSON.stringify(counts)}`);
        await sleep(POLL_SECONDS);
      }
    },
  };
}
