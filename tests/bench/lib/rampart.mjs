// One run of Rampart: its controller, and agents that are pinned and counted each.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { start } from './process.mjs';
import { program, scratchFolder } from './tree.mjs';

const folder = scratchFolder('plans');
let runs = 0;

// Runs the plan (its text in YAML). Options: `agents` (1), `threads` (1) of each, `agentCpus` ('1'), `controllerCpus` ('0'), `flags` of the
// controller, `agentCommand` (['valgrind', ...] stands before the agent), `during` (called with {controller, agents} as soon as the agents
// are started, awaited before the run's end is).
// Resolves to {exit, summary, output, agents: [{cpuSeconds, output}], controller: {cpuSeconds}}. Only an exit over 99 is an error.
export async function runPlan(text, options = {}) {
  const { agents: count = 1, threads = 1, agentCpus = '1', controllerCpus = '0', flags = [], agentCommand = [], during } = options;
  const base = join(folder, String(++runs));
  writeFileSync(`${base}.yaml`, text);
  const controller = await start(
    program('controller'),
    ['start', '--plan', `${base}.yaml`, '--external-agents', '--agents', count, '--listen', '127.0.0.1:0', '--plain', '--out', `${base}.json`, ...flags],
    { cpus: controllerCpus, ready: /agent --controller HOST:(\d+)/ },
  );
  const address = `127.0.0.1:${controller.match[1]}`;
  const agents = [];
  for (let i = 1; i <= count; ++i) {
    const words = [...agentCommand, program('agent'), '--controller', address, '--name', `agent-${i}`, '--threads', threads, '--log-level', 'warn'];
    agents.push(await start(words[0], words.slice(1), { cpus: agentCpus }));
  }
  try {
    await during?.({ controller, agents });
    const exit = await controller.ended;
    if (exit !== 0 && exit !== 99) throw new Error(`controller: exit status ${exit}\n${controller.output.slice(-4000)}`);
    await Promise.all(agents.map((agent) => agent.stop()));
    return {
      exit,
      summary: JSON.parse(readFileSync(`${base}.json`, 'utf8')),
      output: controller.output,
      seconds: controller.seconds,
      agents: agents.map((agent) => ({ cpuSeconds: agent.cpuSeconds(), output: agent.output })),
      controller: { cpuSeconds: controller.cpuSeconds() },
    };
  } finally {
    await Promise.all([controller, ...agents].map((one) => one.stop()));
  }
}

// A metric's values over all tags, {} when it has none.
export function values(summary, metric) {
  return summary.metrics[metric]?.values ?? {};
}
