/**
 * etcd with mTLS: one member, a watch for each client.
 *
 * @module
 */
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import { findFreePort } from '../../src/testing/ports.ts';
import { eventually } from '../replication/servers.ts';
import { bytesField, filler, grpcCall, grpcMessage } from '../swarm/requests.ts';
import { credentialsOf, startPeer } from './peer-process.ts';
import type { FanoutSystem, RunningServer, Setting } from './system.ts';

const KEY = 'bench';
const WATCH = '/etcdserverpb.Watch/Watch';
const PUT = '/etcdserverpb.KV/Put';

/** One member. */
export const etcd: FanoutSystem = {
  name: 'etcd',
  summary: 'put until watches have it; synced to disk',
  programs: ['etcd'],
  start: startEtcd,
};

async function startEtcd({ folder, certificates, tls, port }: Setting): Promise<RunningServer> {
  const peerUrl = `http://127.0.0.1:${await findFreePort()}`;
  const url = `https://127.0.0.1:${port}`;
  const server = await startPeer(
    [
      'etcd',
      ...['--name', 'bench', '--data-dir', join(folder, 'data'), '--log-level', 'error'],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', `bench=${peerUrl}`],
      ...['--listen-client-urls', url, '--advertise-client-urls', url],
      ...['--cert-file', tls.certFile, '--key-file', tls.keyFile],
      ...['--client-cert-auth', '--trusted-ca-file', tls.caFile],
    ],
    port,
  );
  const credentials = credentialsOf(await certificates.files('client', 'publisher'));
  const session = connect(url, { ...credentials, servername: tls.serverName });
  session.on('error', () => undefined);
  await eventually('etcd', async () => {
    await put(session, Buffer.from('ready'));
    return true;
  });
  return {
    pid: server.pid,
    // WatchRequest.create_request, WatchCreateRequest.key
    dialogue: {
      protocol: 'h2',
      port,
      preamble: grpcCall(WATCH, bytesField(1, bytesField(1, KEY))),
    },
    prepare: ({ round, bytes }) => {
      const value = filler(round, bytes);
      return async () => put(session, value);
    },
    async [Symbol.asyncDispose]() {
      session.destroy();
      await server.kill();
    },
  };
}

/** PutRequest.key and value. */
async function put(session: ClientHttp2Session, value: Buffer): Promise<void> {
  const call = session.request({
    ':method': 'POST',
    ':path': PUT,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  call.end(grpcMessage(Buffer.concat([bytesField(1, KEY), bytesField(2, value)])));
  call.resume();
  const status = await new Promise<unknown>((resolve, reject) => {
    call.once('trailers', (trailers: IncomingHttpHeaders) => resolve(trailers['grpc-status']));
    call.once('error', reject);
  });
  if (status !== '0') throw new Error(`etcd answered ${String(status)}`);
}
