import type { MqttClient } from 'mqtt';
import { assert } from '../../schemas/fault.ts';

type Packet = { readonly cmd: string; readonly messageId?: number; readonly reasonCode?: number };
type Send = (packet: Packet, callback?: (error?: Error) => void, ...rest: unknown[]) => void;

/**
 * Makes a client acknowledge when told instead of when a message has been handled. MQTT.js has no
 * public way: its callbacks acknowledge one message before they read the next, which is one message
 * per commit. So this swallows the PUBACKs it would send, through its private `_sendPacket`; the
 * version is pinned and a test against a real broker holds it to this.
 *
 * Call the result when a message arrives; what it returns sends the PUBACK, unless the connection
 * that brought the message is gone: its identifier may by then belong to another message.
 */
export function deferPubacks(client: MqttClient): (messageId: number) => () => void {
  const inner = client as unknown as { _sendPacket: Send };
  assert(typeof inner._sendPacket === 'function', 'this version of mqtt sends packets some other way');
  const send: Send = inner._sendPacket.bind(client);
  inner._sendPacket = (packet, callback, ...rest) => {
    if (packet.cmd === 'puback') callback?.();
    else send(packet, callback, ...rest);
  };
  let generation = 0;
  client.on('close', () => generation++);
  return (messageId) => {
    const arrived = generation;
    return () => {
      if (arrived === generation && client.connected) send({ cmd: 'puback', messageId, reasonCode: 0 });
    };
  };
}
