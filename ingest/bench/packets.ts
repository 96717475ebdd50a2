/** The two MQTT 3.1.1 packets that a generator sends, made without a library's costs. */

/** [MQTT-3.1]: clean session, user name and password, no keep-alive. */
export function connectPacket(login: {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
}): Buffer {
  const fields = [login.clientId, login.username, login.password].map(prefixed);
  const body = Buffer.concat([Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0xc2, 0, 0]), ...fields]);
  return Buffer.concat([Buffer.from([0x10]), lengthOf(body.length), body]);
}

/** [MQTT-3.3]: QoS 1. */
export function publishPacket(topic: string, payload: string, messageId: number): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const bodyBytes = 2 + topicBytes + 2 + Buffer.byteLength(payload);
  const length = lengthOf(bodyBytes);
  const packet = Buffer.allocUnsafe(1 + length.length + bodyBytes);
  let offset = packet.writeUInt8(0x32, 0);
  offset += length.copy(packet, offset);
  offset = packet.writeUInt16BE(topicBytes, offset);
  offset += packet.write(topic, offset);
  offset = packet.writeUInt16BE(messageId, offset);
  packet.write(payload, offset);
  return packet;
}

function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** [MQTT-2.2.3]: seven bits a byte, the eighth says that another follows. */
function lengthOf(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}
