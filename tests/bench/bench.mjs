// ./dev bench: Rampart beside its peers, in turn, on the same target in one run. Every other module of this folder is a suite:
//   export const about       a line of what it measures
//   export const byDefault   whether it runs when no suite is named
//   export async function run({rounds, seconds, say, publish, publishPlot})
// `rounds` and `seconds` are undefined when not asked for: a suite has its own. publishPlot(name, what plot() of lib/plot.mjs takes).
import { readdirSync } from 'node:fs';
import { writePlot, writeSection } from './lib/docs.mjs';
import { plot } from './lib/plot.mjs';
import { stopAll } from './lib/process.mjs';

// Where servers are, for those who are not root.
process.env.PATH += ':/usr/sbin';

const usage = `./dev bench [SUITE...] [--write] [--rounds N] [--seconds S]
  --write     the results go into docs/PERFORMANCE.md and docs/plots/
  --rounds    how often each is measured, in turn; tables have the median
  --seconds   how long each measurement takes
`;

async function loadSuites() {
  const names = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.mjs') && name !== 'bench.mjs');
  const suites = new Map();
  for (const name of names.sort()) suites.set(name.replace(/\.mjs$/, ''), await import(`./${name}`));
  return suites;
}

function parse(words, suites) {
  const asked = { names: [], write: false };
  for (let i = 0; i < words.length; ++i) {
    const word = words[i];
    if (word === '--write') asked.write = true;
    else if (word === '--rounds' || word === '--seconds') {
      asked[word.slice(2)] = Number(words[++i]);
      if (!(asked[word.slice(2)] > 0)) throw new Error(`${word} needs a number over 0`);
    } else if (suites.has(word)) asked.names.push(word);
    else throw new Error(`no suite and no flag '${word}'`);
  }
  if (asked.names.length === 0) asked.names = [...suites.keys()].filter((name) => suites.get(name).byDefault);
  return asked;
}

const suites = await loadSuites();
const list = [...suites].map(([name, suite]) => `  ${name.padEnd(12)}${suite.about}${suite.byDefault ? '' : ' (by name only)'}`).join('\n');
let asked;
try {
  if (process.argv.slice(2).some((word) => ['help', '--help', '-h'].includes(word))) throw new Error('');
  asked = parse(process.argv.slice(2), suites);
} catch (error) {
  process.stderr.write(`${error.message && `bench: ${error.message}\n`}${usage}${list}\n`);
  process.exit(error.message ? 2 : 0);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => stopAll().finally(() => process.exit(130)));
}

const say = (line) => process.stderr.write(`${line}\n`);
const publish = (name, text) => {
  process.stdout.write(`\n## ${name}\n\n${text.trim()}\n\n`);
  if (asked.write) writeSection(name, text);
};
const publishPlot = (name, description) => say(`plot: ${writePlot(name, plot(description), asked.write)}`);

say(`suites:\n${list}\n\nrunning ${asked.names.join(', ')}`);
let failed = false;
for (const name of asked.names) {
  const began = Date.now();
  say(`\n# ${name}: ${suites.get(name).about}`);
  try {
    await suites.get(name).run({ rounds: asked.rounds, seconds: asked.seconds, say, publish, publishPlot });
  } catch (error) {
    failed = true;
    say(`${name} failed: ${error.stack}`);
  }
  await stopAll();
  say(`# ${name}: ${Math.round((Date.now() - began) / 1000)} s`);
}
process.exit(failed ? 1 : 0);
