// A server of event streams. The path says which: /ticks sends an event every few milliseconds,
// /few ends after three, /echo says what it was asked with.
'use strict';

const http = require('node:http');
const listen = require('./listening.js');

listen(http.createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/plain') {
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    response.end('no events here\n');
    return;
  }
  if (url.pathname === '/missing') {
    response.writeHead(404, { 'Content-Type': 'text/event-stream' });
    response.end();
    return;
  }
  if (url.pathname === '/never') return;
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Set-Cookie': 'stream=1; Path=/',
  });
  if (url.pathname === '/echo') {
    response.end(`event: echo\ndata: ${JSON.stringify(request.headers)}\n\n`);
    return;
  }
  if (url.pathname === '/few') {
    response.write('\uFEFF: a comment\r\nretry: 10\r\n\r\nid: 7\r\ndata: {"n": 1,\r\ndata: "of": 3}\r\n\r\n');
    response.write('event: plain\ndata: two\n\n');
    response.end('id: 8\rdata: {"n": 3}\r\rdata: never finished\n');
    return;
  }
  if (url.pathname === '/break') {
    response.write('data: 1\n\n');
    setTimeout(() => request.socket.destroy(), 20);
    return;
  }
  let n = 0;
  const timer = setInterval(() => response.write(`id: ${++n}\nevent: tick\ndata: ${n}\n\n`), 5);
  request.on('close', () => clearInterval(timer));
}));
