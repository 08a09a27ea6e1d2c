/**
 * What has to be said before TLS begins, where it begins inside another protocol.
 *
 * @module
 */
import type { Socket } from 'node:net';
import { KedgeError } from '../../core/errors.ts';

/** The protocols that are spoken. */
export const STARTTLS_PROTOCOLS = ['smtp', 'postgres'] as const;

/** One of them. */
export type StartTls = (typeof STARTTLS_PROTOCOLS)[number];

const ANSWER_MAX_BYTES = 8192;
/** Length, then the code of an SSLRequest: PostgreSQL, frontend/backend protocol. */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);
/** The last line of an answer of SMTP has a space after the code: RFC 5321 section 4.2.1. */
const SMTP_LAST_LINE = /^(\d{3})(?: [^\n]*)?\r?\n$/m;

/** Asks for TLS; the next byte is for the handshake. Errors: `UNAVAILABLE`. */
export async function startTls(socket: Socket, protocol: StartTls): Promise<void> {
  switch (protocol) {
    case 'smtp':
      await smtp(socket, '220');
      socket.write('EHLO kedge.invalid\r\n');
      await smtp(socket, '250');
      socket.write('STARTTLS\r\n');
      {
        await smtp(socket, '220');
        return;
      }
    case 'postgres':
      socket.write(SSL_REQUEST);
      {
        await answered(socket, (said) => {
          if (said.length === 0) return 'more';
          return said === 'S' ? 'good' : 'bad';
        });
        return;
      }
  }
}

async function smtp(socket: Socket, code: string): Promise<void> {
  await answered(socket, (said) => {
    const lines = said.split(/(?<=\n)/);
    const last = SMTP_LAST_LINE.exec(lines.at(-1) ?? '');
    if (last === null) return 'more';
    return last[1] === code ? 'good' : 'bad';
  });
}

/** Reads until the answer is whole. */
async function answered(
  socket: Socket,
  judge: (said: string) => 'more' | 'good' | 'bad',
): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const end = (reason?: string): void => {
      socket.off('data', hear);
      socket.off('close', closed);
      socket.off('error', failed);
      socket.pause();
      if (reason === undefined) resolve();
      else reject(new KedgeError('UNAVAILABLE', reason));
    };
    const hear = (data: Buffer): void => {
      said += data.toString('latin1');
      const verdict = said.length > ANSWER_MAX_BYTES ? 'bad' : judge(said);
      if (verdict === 'good') end();
      if (verdict === 'bad') end(`it does not start TLS: ${JSON.stringify(said.slice(0, 80))}`);
    };
    const closed = (): void => end('it hung up before TLS');
    const failed = (error: Error): void => end(error.message);
    socket.on('data', hear);
    socket.on('close', closed);
    socket.on('error', failed);
    socket.resume();
  });
}
