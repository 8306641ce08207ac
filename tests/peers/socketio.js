// A Socket.IO server. It says who left and why, and each pong that it got.
'use strict';

const { createServer } = require('node:http');
const { Server } = require('socket.io');
const listen = require('./listening');

const http = createServer();
const io = new Server(http, { pingInterval: 100, pingTimeout: 20000, maxHttpBufferSize: 100000 });
const admin = io.of('/admin');

io.engine.on('connection', (connection) => {
  connection.on('packet', (packet) => {
    if (packet.type === 'pong') console.log('pong');
  });
});

function serve(socket) {
  socket.on('disconnect', (reason) => console.log(`left ${socket.nsp.name}: ${reason}`));
  socket.on('echo', (...args) => {
    const answer = args.pop();
    answer(...args);
  });
  socket.on('say', (text) => socket.nsp.emit('said', text, socket.handshake.auth.name ?? null));
  // Events first, then the acknowledgement.
  socket.on('burst', (count, answer) => {
    for (let i = 1; i <= count; ++i) socket.emit('tick', i);
    answer('done');
  });
  socket.on('flood', (count, bytes, answer) => {
    for (let i = 1; i <= count; ++i) socket.emit('tick', i, 'x'.repeat(bytes));
    answer();
  });
  socket.on('silence', () => {});
  socket.on('ask', () => {
    socket.emit('question', 42, (...answer) => socket.emit('answered', answer.length));
  });
  socket.on('bytes', (answer) => {
    socket.emit('picture', 'before', Buffer.from([0, 255]), { deep: Buffer.from('x') });
    answer(Buffer.from('abc'), 7);
  });
  socket.on('leave', () => socket.disconnect());
  socket.on('hang up', () => socket.disconnect(true));
}

admin.use((socket, next) => {
  next(socket.handshake.auth.token === 'secret' ? undefined : new Error('not for you'));
});
io.on('connection', serve);
admin.on('connection', (socket) => {
  serve(socket);
  socket.emit('welcome', socket.handshake.auth.name);
});

listen(http);
