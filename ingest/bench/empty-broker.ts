import { createServer } from 'node:net';
import { Aedes } from 'aedes';

/** The broker that ingest is measured against: the same Aedes, and a hook that does nothing. */
const aedes = await Aedes.createBroker({
  maxClientsIdLength: 65_535,
  authorizePublish(_client, _packet, callback) {
    callback(null);
  },
});
const server = createServer((socket) => {
  socket.setNoDelay(true);
  aedes.handle(socket);
});
server.listen({ host: '127.0.0.1', port: 0 }, () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.send?.({ kind: 'ready', facts: { port } });
});
process.on('disconnect', () => process.exit(0));
