/**
 * Asks servers for their certificates: a TLS handshake without any decision about trust, and no
 * byte of any protocol above it.
 *
 * @module
 */
import { isIP, type Socket, connect as tcpConnect } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { KedgeError } from '../../core/errors.ts';
import { SentCertificates } from './sent-certificates.ts';
import { type StartTls, startTls } from './starttls.ts';

/** Whom to ask. */
export interface ProbeTarget {
  /** As it was written; names the chain. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** The name to ask for; absent: the host, unless it is an address. */
  readonly servername?: string;
  readonly startTls?: StartTls;
}

/** What came of it. */
export type Probed =
  | { readonly target: ProbeTarget; readonly chain: readonly Uint8Array[] }
  | { readonly target: ProbeTarget; readonly reason: string };

/** How servers are asked. */
export interface ProbeTerms {
  /** For one server, from the first byte to the last. */
  readonly timeoutMs: number;
  /** So many at once. */
  readonly parallel: number;
  readonly signal: AbortSignal;
  /** Called after each. */
  readonly onProbed?: (done: number, probed: Probed) => void;
}

/** Asks all, in the order given; what does not answer has a reason instead of a chain. */
export async function probeAll(
  targets: readonly ProbeTarget[],
  terms: ProbeTerms,
): Promise<readonly Probed[]> {
  const results: (Probed | undefined)[] = targets.map(() => undefined);
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < targets.length) {
      const index = next;
      next += 1;
      const target = targets[index];
      if (target === undefined) return;
      const probed = await probe(target, terms);
      results[index] = probed;
      done += 1;
      terms.onProbed?.(done, probed);
    }
  };
  await Promise.all(Array.from({ length: Math.min(terms.parallel, targets.length) }, work));
  return results.filter((probed) => probed !== undefined);
}

async function probe(target: ProbeTarget, terms: ProbeTerms): Promise<Probed> {
  const deadline = AbortSignal.timeout(terms.timeoutMs);
  const signal = AbortSignal.any([deadline, terms.signal]);
  const sent = new SentCertificates();
  const socket = tcpConnect({ host: target.host, port: target.port });
  const stop = (): void => void socket.destroy(new Error('no answer in time'));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  // Whoever waits for it is told; what comes later is about a connection that is over.
  socket.on('error', () => undefined);
  let reason = 'it shows no certificate';
  try {
    await once(socket, 'connect');
    if (target.startTls !== undefined) await startTls(socket, target.startTls);
    await shake(socket, target, sent);
  } catch (thrown) {
    // A server that demands a certificate hangs up after it has shown its own.
    reason = reasonOf(thrown);
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
  const chain = sent.chain() ?? [];
  return chain.length === 0 ? { target, reason } : { target, chain };
}

async function shake(socket: Socket, target: ProbeTarget, sent: SentCertificates): Promise<void> {
  const { host, servername = isIP(host) === 0 ? host : undefined } = target;
  const secure = tlsConnect({
    socket: overheard(socket, sent),
    ...(servername !== undefined && { servername }),
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  secure.on('error', () => undefined);
  secure.on('keylog', (line: Buffer) => sent.takeKeyLine(line.toString('latin1')));
  try {
    await once(secure, 'secureConnect');
  } finally {
    secure.destroy();
  }
}

/** The connection, with everything that the server says heard as well. */
function overheard(socket: Socket, sent: SentCertificates): Duplex {
  const heard = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Uint8Array, _, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
  });
  socket.on('data', (data: Buffer) => {
    sent.take(data);
    if (!heard.push(data)) socket.pause();
  });
  socket.on('end', () => heard.push(null));
  socket.on('close', () => heard.destroy());
  socket.on('error', (error) => heard.destroy(error));
  return heard;
}

async function once(
  emitter: Pick<Socket, 'once' | 'off'>,
  event: 'connect' | 'secureConnect',
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    emitter.once(event, resolve);
    emitter.once('error', reject);
    emitter.once('close', () => reject(new Error('it hung up')));
  });
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof KedgeError) return thrown.message;
  return thrown instanceof Error ? thrown.message : String(thrown);
}
