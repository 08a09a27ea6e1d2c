/**
 * A real HTTP/2 client, that of Node, whose header blocks are taken off the wire: a listener that
 * speaks just as much of the protocol as that takes.
 */
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { encodeFields } from '../../../src/http2/hpack/encoder.ts';
import type { Field } from '../../../src/http2/hpack/field.ts';

const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;
const HEADERS = 0x1;
const SETTINGS = 0x4;
const CONTINUATION = 0x9;
const END_HEADERS = 0x4;
const IS_PRIORITY = 0x20;
const ANSWER_FLAGS = 0x5;
const HEADER_TABLE_SIZE = 0x1;

/** A client and what its listener sees. */
export interface NodeClient extends AsyncDisposable {
  /** Sends a request; gives the block that arrived and what the client read of the answer. */
  request(
    headers: Record<string, string | string[] | undefined>,
    answer: readonly Field[],
  ): Promise<{ readonly block: Buffer; readonly answered: IncomingHttpHeaders }>;
}

/** Connects; `tableBytes` is what the listener announces for the table of the client's encoder. */
export async function nodeClient(tableBytes: number): Promise<NodeClient> {
  const blocks: Buffer[] = [];
  let answer: readonly Field[] = [];
  const server = createServer((socket) => {
    serve(socket, tableBytes, (streamId, block) => {
      blocks.push(block);
      socket.write(frame(HEADERS, ANSWER_FLAGS, streamId, encodeFields(answer)));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const session = connect(`http://127.0.0.1:${port}`, {
    settings: { maxHeaderListSize: 1 << 20 },
    maxSendHeaderBlockLength: 4 << 20,
  });
  await once(session, 'remoteSettings');
  return {
    request: async (headers, fields) => {
      answer = fields;
      const answered = await ask(session, headers);
      const [block] = blocks.splice(0);
      if (block === undefined) throw new Error('no block arrived');
      return { block, answered };
    },
    [Symbol.asyncDispose]: async () => {
      session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function ask(
  session: ClientHttp2Session,
  headers: Record<string, string | string[] | undefined>,
): Promise<IncomingHttpHeaders> {
  const stream = session.request(headers, { endStream: true });
  stream.resume();
  const [answered] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  return answered;
}

function serve(
  socket: Socket,
  tableBytes: number,
  onBlock: (streamId: number, block: Buffer) => void,
): void {
  let held = Buffer.alloc(0);
  let skipped = 0;
  let fragments: Buffer[] = [];
  const setting = Buffer.alloc(6);
  setting.writeUInt16BE(HEADER_TABLE_SIZE, 0);
  setting.writeUInt32BE(tableBytes, 2);
  socket.write(frame(SETTINGS, 0, 0, setting));
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    if (skipped === 0 && held.length >= PREFACE_BYTES) {
      skipped = PREFACE_BYTES;
      held = held.subarray(PREFACE_BYTES);
    }
    while (skipped > 0 && held.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + held.readUIntBE(0, 3);
      if (held.length < end) return;
      const [type, flags, streamId] = [held.readUInt8(3), held.readUInt8(4), held.readUInt32BE(5)];
      const payload = held.subarray(HEAD_BYTES, end);
      held = held.subarray(end);
      if (type === SETTINGS && flags === 0) socket.write(frame(SETTINGS, 1, 0, Buffer.alloc(0)));
      if (type !== HEADERS && type !== CONTINUATION) continue;
      const hasPriority = type === HEADERS && (flags & IS_PRIORITY) > 0;
      fragments.push(hasPriority ? payload.subarray(5) : payload);
      if ((flags & END_HEADERS) === 0) continue;
      onBlock(streamId, Buffer.concat(fragments));
      fragments = [];
    }
  });
}

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}
