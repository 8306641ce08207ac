// Half an hour of 2,000 users against the chat server: the memory and the descriptors of every process are flat, and every count is the server's.
import { date, environment } from './lib/environment.mjs';
import { sleep, start } from './lib/process.mjs';
import { runPlan, values } from './lib/rampart.mjs';
import { bytes, number, table } from './lib/table.mjs';
import { program } from './lib/tree.mjs';

export const about = 'half an hour of 2,000 users: memory and descriptors stay as they are';
export const byDefault = false;

const SECONDS = 1800;
const AGENTS = 4;
const SOCKETS = 1_500;
const REQUESTERS = 500;
const RAMP_SECONDS = 20;
// Of the time after the ramp this share is for what fills up at first: pages of histograms, pools, the first minutes of the timeline.
const WARM = 0.2;
// How much the median of the last fifth may be over that of the first fifth after it was warm.
const MOST_GROWTH = 0.03;
const MOST_GROWTH_BYTES = 1 << 20;

const planOf = (port, seconds) => `
name: soak
scenarios:
  sockets:
    load: { ramping_users: { start_users: 0, stages: [ { duration: ${RAMP_SECONDS}s, target: ${SOCKETS} }, { duration: ${seconds}s, target: ${SOCKETS} } ] } }
    steps:
      - websocket:
          name: chat
          url: "ws://127.0.0.1:${port}/api/ws"
          headers: { X-User-Id: "load_test_user_\${user.id}" }
          hold: 60s..120s
          send_every:
            - interval: 4s..6s
              message: { json: { type: ping, timestamp: "\${now_us()}" } }
  requests:
    load: { constant_users: { users: ${REQUESTERS}, duration: ${seconds + RAMP_SECONDS}s } }
    steps:
      - http:
          name: me
          get: "http://127.0.0.1:${port}/api/users/me"
          headers: { X-User-Id: "load_test_user_\${user.id}" }
          checks: { answered: status == 200 }
      - sleep: 1s..3s
`;

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];

export async function run({ say, seconds = SECONDS, publish, publishPlot }) {
  const chat = await start(program('chat'), ['--port', 0, '--allow-user-header'], { ready: /:(\d+)\s/ });
  const port = chat.match[1];
  const counts = async () => (await fetch(`http://127.0.0.1:${port}/api/stats`)).json();
  const samples = []; // {at, name: {resident, descriptors}}
  const done = await runPlan(planOf(port, seconds), {
    agents: AGENTS,
    agentCpus: '0,1',
    controllerCpus: '0,1',
    during: async ({ controller, agents }) => {
      await sleep(RAMP_SECONDS + 5);
      const began = Date.now();
      const every = Math.max(seconds / 120, 1);
      while (Date.now() - began < (seconds - 10) * 1000) {
        const { ws_connections_open: open } = await counts();
        if (open < SOCKETS * 0.9) throw new Error(`${open} WebSockets are open, not about ${SOCKETS}`);
        const sample = { at: (Date.now() - began) / 1000 };
        [['controller', controller], ...agents.map((agent, i) => [`agent-${i + 1}`, agent])].forEach(([name, one]) => {
          sample[name] = { memory: one.memory().anonymous, descriptors: one.descriptors() };
        });
        samples.push(sample);
        if (samples.length % 10 === 1) say(`${number(Math.round(sample.at))} s: ${names.map((name) => `${name} ${bytes(sample[name].memory)}, ${sample[name].descriptors} descriptors`).join('; ')}`);
        await sleep(every);
      }
    },
  });
  const server = await counts();
  await chat.stop();

  const warm = samples.slice(Math.floor(samples.length * WARM));
  const fifth = Math.floor(warm.length / 5);
  const grown = [];
  const rows = names.map((name) => {
    const of = (what, part) => median(part.map((sample) => sample[name][what]));
    const [memory, memoryEnd] = [of('memory', warm.slice(0, fifth)), of('memory', warm.slice(-fifth))];
    const [descriptors, descriptorsEnd] = [of('descriptors', warm.slice(0, fifth)), of('descriptors', warm.slice(-fifth))];
    if (memoryEnd - memory > Math.max(memory * MOST_GROWTH, MOST_GROWTH_BYTES)) grown.push(`${name}'s memory`);
    // Users dial again all the time, so a few more or fewer are open at any moment.
    if (Math.abs(descriptorsEnd - descriptors) > Math.max(descriptors * MOST_GROWTH, 8)) grown.push(`${name}'s descriptors`);
    return [name, bytes(memory), bytes(memoryEnd), descriptors, descriptorsEnd];
  });
  const ours = {
    'WebSockets': [values(done.summary, 'ws_sessions').count, server.ws_connections_opened],
    'messages to the server': [values(done.summary, 'ws_msgs_sent').count, server.ws_messages_received],
    'messages from the server': [values(done.summary, 'ws_msgs_received').count, server.ws_messages_sent],
    'HTTP requests': [values(done.summary, 'http_reqs').count, server.http_requests],
  };
  publish(
    'soak',
    `${date()}: ${number(seconds)} s of ${number(SOCKETS)} WebSocket users, who dial again every minute or two, and ${REQUESTERS} who make requests, on ${AGENTS} agents. ${environment([])}
Verdict ${done.summary.verdict}.

${table(['', 'memory at first', 'at the end', 'descriptors at first', 'at the end'], rows)}

${table(['counted', 'cluster', 'server'], Object.entries(ours).map(([what, [a, b]]) => [what, number(a), number(b)]))}

![memory over half an hour](plots/soak-memory.svg)

Medians of a fifth of the time, without its first ${WARM * 100} %.`,
  );
  publishPlot('soak-memory', {
    title: `Private memory over ${number(seconds)} s, 2,000 users`,
    x: { label: 's' },
    y: { label: 'MB' },
    lines: names.map((name) => ({ name, points: samples.filter((_, i) => i % 4 === 0).map((sample) => [sample.at, sample[name].memory / 1e6]) })),
  });
  const wrong = Object.entries(ours).filter(([, [a, b]]) => a !== b).map(([what]) => what);
  if (wrong.length > 0) throw new Error(`not counted alike: ${wrong.join(', ')}`);
  if (grown.length > 0) throw new Error(`not flat: ${grown.join(', ')}`);
}

const names = ['controller', ...Array.from({ length: AGENTS }, (_, i) => `agent-${i + 1}`)];
