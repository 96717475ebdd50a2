import type { Socket } from 'node:net';
import type { Log } from '../../schemas/program.ts';
import type { Address, Message } from '../broker/delivery.ts';
import { teltonikaText } from '../down/dialects.ts';
import type { Downlink } from '../down/downlink.ts';
import type { Addressee, Handed } from '../down/outlet.ts';
import { storableText } from '../formats/teltonika.ts';
import { decodeFrame } from '../formats/teltonika-codec.ts';
import { commandFrame, isCommandFrame, responseOf } from './codec12.ts';
import { cut, newStream, type Piece } from './stream.ts';

export type ConnectionOptions = {
  readonly socket: Socket;
  /** Who an IMEI is; undefined: nobody that may come in. It has been noted then. */
  readonly admit: (imei: string, login: Uint8Array) => Promise<Admission | undefined>;
  readonly downlink: Pick<Downlink, 'open'>;
  readonly receive: (message: Message) => void;
  /** 1 is where devices have to wait. */
  readonly fullness: () => number;
  /** The wall clock, an instant. */
  readonly now: () => number;
  readonly log: Log;
  readonly onLogin: (to: Addressee, end: () => void) => void;
};

/** A device that may come in, and how its frames are read. */
export type Admission = Pick<Address, 'route'> & Addressee;

const ACCEPTED = Buffer.from([1]);
const REFUSED = Buffer.from([0]);
/** A device says nothing for longer than this only when it is gone; most keep alive every few minutes. */
const IDLE_MS = 15 * 60_000;
const LOGIN_MS = 15_000;
/** Received on one connection and not yet committed; beyond it we read no further. */
const UNCOMMITTED_BYTES_MAX = 64 * 1024;
const ROOM_MS = 50;
/** So many damaged frames in a row are not the radio's fault. */
const DAMAGED_MAX = 5;
const COMMANDS_MAX = 100;
/** A device that has not answered by then never will; the next command is its turn. */
const ANSWER_MS = 60_000;

type Waiting = { readonly id: string; readonly text: string };

/** One Teltonika device on its socket: log-in, frames up and their acknowledgements, commands down. */
export class Connection {
  readonly #options: ConnectionOptions;
  #stream = newStream;
  #admission: Admission | undefined;
  #isAdmitting = false;
  #early: Piece[] = [];
  #uncommitted = 0;
  #damaged = 0;
  readonly #commands: Waiting[] = [];
  #asked: Waiting | undefined;
  #patience: NodeJS.Timeout | undefined;
  #closeOutlet: () => void = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { socket } = options;
    socket.setNoDelay(true);
    socket.setTimeout(LOGIN_MS, () => socket.destroy());
    socket.on('data', (segment: Buffer) => this.#take(segment));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(this.#patience);
      this.#closeOutlet();
    });
  }

  #take(segment: Uint8Array): void {
    const { state, pieces } = cut(this.#stream, segment);
    this.#stream = state;
    for (const piece of pieces) {
      if (this.#isAdmitting) this.#early.push(piece);
      else this.#handle(piece);
    }
    this.#makeRoom();
  }

  #handle(piece: Piece): void {
    const { socket, log } = this.#options;
    if (socket.destroyed) return;
    if (piece.kind === 'login') {
      this.#logIn(piece.imei, piece.bytes).catch((error) => {
        log.warn({ reason: String(error) }, 'cannot check a log-in');
        socket.destroy();
      });
    } else if (this.#admission === undefined) {
      // A port scan, or a browser: there is no fleet whose business it would be.
      socket.destroy();
    } else if (piece.kind === 'garbage') {
      log.warn({ device: this.#admission.device, reason: piece.detail }, 'connection ended');
      this.#pass(this.#admission, piece.bytes, 'telemetry', () => socket.destroy());
    } else if (isCommandFrame(piece.bytes)) {
      this.#answered(this.#admission, piece.bytes);
    } else {
      this.#frame(this.#admission, piece.bytes);
    }
  }

  async #logIn(imei: string, login: Uint8Array): Promise<void> {
    const { socket, admit, onLogin } = this.#options;
    // What a device sends before it is let in, and few do, is read when it is.
    this.#isAdmitting = true;
    socket.pause();
    const admission = await admit(imei, login);
    if (socket.destroyed) return;
    if (admission === undefined) {
      socket.end(REFUSED);
      return;
    }
    this.#admission = admission;
    socket.setTimeout(IDLE_MS);
    socket.write(ACCEPTED);
    onLogin(admission, () => socket.destroy());
    this.#openOutlet(admission);
    this.#isAdmitting = false;
    const early = this.#early;
    this.#early = [];
    for (const piece of early) this.#handle(piece);
    socket.resume();
    this.#makeRoom();
  }

  /**
   * The device is answered with the number of its records once they are committed, or kept as what
   * could not be read; not when the checksum is wrong: then it sends the frame again.
   */
  #frame(admission: Admission, frame: Uint8Array): void {
    const { socket, log } = this.#options;
    const decoded = decodeFrame(frame);
    const isDamaged = decoded.kind === 'refused' && decoded.reason === 'crc';
    this.#damaged = isDamaged ? this.#damaged + 1 : 0;
    const acknowledgement = Buffer.alloc(4);
    acknowledgement.writeUInt32BE(decoded.kind === 'records' ? decoded.records.length : (frame[9] ?? 0));
    this.#pass(admission, frame, 'telemetry', () => {
      if (!isDamaged && socket.writable) socket.write(acknowledgement);
    });
    if (this.#damaged >= DAMAGED_MAX) {
      log.warn({ device: admission.device }, 'connection ended: one damaged frame after the other');
      socket.destroy();
    }
  }

  #pass(
    { fleet, device, route }: Admission,
    payload: Uint8Array,
    channel: 'telemetry' | 'answers',
    acknowledge: () => void,
  ): void {
    const { receive, now } = this.#options;
    this.#uncommitted += payload.length;
    receive({
      topic: `tcp/teltonika/${device}`,
      address: channel === 'telemetry' ? { fleet, device, channel, route } : { fleet, device, channel },
      payload,
      received: Math.round(now() * 1000) / 1000,
      mayRegister: false,
      acknowledge: () => {
        this.#uncommitted -= payload.length;
        acknowledge();
        this.#makeRoom();
      },
    });
  }

  /** Reads on only while there is room for what comes. */
  #makeRoom(): void {
    const { socket, fullness } = this.#options;
    if (this.#isAdmitting || socket.destroyed) return;
    if (this.#uncommitted > UNCOMMITTED_BYTES_MAX) {
      socket.pause();
    } else if (fullness() >= 1) {
      socket.pause();
      setTimeout(() => this.#makeRoom(), ROOM_MS).unref();
    } else {
      socket.resume();
    }
  }

  #openOutlet({ fleet, device }: Admission): void {
    this.#closeOutlet = this.#options.downlink.open({
      channel: 'command',
      fleet,
      device,
      send: async (_to, command): Promise<Handed> => {
        const said = teltonikaText(command);
        if (said.kind === 'refused') return said;
        const isKnown = this.#asked?.id === command.id || this.#commands.some(({ id }) => id === command.id);
        if (!isKnown && this.#commands.length < COMMANDS_MAX) {
          this.#commands.push({ id: command.id, text: said.text });
        }
        this.#ask();
        return { kind: 'sent' };
      },
    });
  }

  /** One command at a time, since an answer does not say which command it answers. */
  #ask(): void {
    const { socket } = this.#options;
    if (this.#asked !== undefined || !socket.writable) return;
    this.#asked = this.#commands.shift();
    if (this.#asked === undefined) return;
    socket.write(commandFrame(this.#asked.text));
    this.#patience = setTimeout(() => {
      this.#asked = undefined;
      this.#ask();
    }, ANSWER_MS);
  }

  #answered(admission: Admission, frame: Uint8Array): void {
    const text = responseOf(frame);
    const asked = this.#asked;
    if (text === undefined || asked === undefined) {
      // Not whole, or to a question that nobody asked: kept as what it is.
      this.#pass(admission, frame, 'telemetry', () => {});
      return;
    }
    clearTimeout(this.#patience);
    this.#asked = undefined;
    const answer = {
      ts: Math.round(this.#options.now() * 1000),
      id: asked.id,
      state: 'done',
      body: { text: storableText(text) },
    };
    this.#pass(admission, Buffer.from(JSON.stringify(answer)), 'answers', () => {});
    this.#ask();
  }
}
