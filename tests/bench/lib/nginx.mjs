// nginx as a target: one worker on a core of its own.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { start } from './process.mjs';
import { scratchFolder } from './tree.mjs';

// Starts it with `locations` (nginx's own words) on a free port of 127.0.0.1: {port, url, requests(), cpuSeconds(), stop()}.
export async function startNginx(locations, { cpus = '0', http = '', workers = 1 } = {}) {
  const folder = scratchFolder('nginx');
  const port = await freePort();
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes ${workers}; pid ${folder}/pid; error_log stderr warn; worker_rlimit_nofile 20000;
events { worker_connections 19000; multi_accept on; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; sendfile on; tcp_nodelay on; server_tokens off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  ${http}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /status { stub_status; }
    ${locations}
  }
}
`,
  );
  const nginx = await start('nginx', ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')], { cpus });
  const url = `http://127.0.0.1:${port}`;
  const counted = async () => {
    const text = await (await fetch(`${url}/status`, { headers: { connection: 'close' } })).text();
    return Number(/^\s*\d+ \d+ (\d+)\s*$/m.exec(text)[1]);
  };
  for (let tries = 0; ; ++tries) {
    try {
      await counted();
      break;
    } catch (error) {
      if (tries === 100 || nginx.exit !== undefined) throw new Error(`nginx does not answer: ${error.message}\n${nginx.output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  let asked = await counted();
  return {
    port,
    url,
    cpuSeconds: () => nginx.cpuSeconds(),
    memory: () => nginx.memory(),
    stop: () => nginx.stop(),
    // Since the last time that it was asked, without the asking.
    async requests() {
      const now = await counted();
      const since = now - asked - 1;
      asked = now;
      return since;
    },
  };
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
