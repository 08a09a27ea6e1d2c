/**
 * As much of a PostgreSQL server as a pool needs: the upgrade to TLS, a log-in without password,
 * and one row for every simple query. Message formats: PostgreSQL documentation, chapter 53.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';

/** The request that asks for TLS before anything else is said. */
const SSL_REQUEST = 80_877_103;
/** Type text. */
const TEXT_OID = 25;

/** What a query gets; nothing: it waits for ever. */
type Answer = () => string | undefined;

/** A server whose own certificate `context` gives anew for each connection. */
export function postgresServer(context: () => SecureContext, answer: Answer): Server {
  return createServer((plain) => {
    plain.on('error', () => undefined);
    plain.once('data', (first) => {
      if (first.readInt32BE(4) !== SSL_REQUEST) {
        plain.destroy();
        return;
      }
      plain.write('S');
      const secure = new TLSSocket(plain, { isServer: true, secureContext: context() });
      secure.on('error', () => undefined);
      talk(secure, answer);
    });
  });
}

function talk(socket: Socket, answer: Answer): void {
  let waiting = Buffer.alloc(0);
  let isLoggedIn = false;
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    for (;;) {
      // The first message has no type.
      const header = isLoggedIn ? 1 : 0;
      if (waiting.length < header + 4) return;
      const end = header + waiting.readInt32BE(header);
      if (waiting.length < end) return;
      const type = isLoggedIn ? String.fromCharCode(waiting[0] ?? 0) : 'start';
      waiting = waiting.subarray(end);
      if (type === 'start') {
        isLoggedIn = true;
        socket.write(Buffer.concat([message('R', int32(0)), ready()]));
      } else if (type === 'Q') {
        const text = answer();
        if (text !== undefined) socket.write(rows(text));
      } else if (type === 'X') {
        socket.end();
      }
    }
  });
}

function rows(value: string): Buffer {
  const name = Buffer.from('answer\0');
  const column = Buffer.concat([
    name,
    int32(0),
    int16(0),
    int32(TEXT_OID),
    int16(-1),
    int32(-1),
    int16(0),
  ]);
  const bytes = Buffer.from(value);
  return Buffer.concat([
    message('T', Buffer.concat([int16(1), column])),
    message('D', Buffer.concat([int16(1), int32(bytes.length), bytes])),
    message('C', Buffer.from('SELECT 1\0')),
    ready(),
  ]);
}

function ready(): Buffer {
  return message('Z', Buffer.from('I'));
}

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}
