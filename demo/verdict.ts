/**
 * The proof at the end: whoever still holds a leaf of the old CA is refused everywhere.
 *
 * @module
 */
import { createServer } from 'node:https';
import { attempt, TLS_VERSIONS } from './old-leaf.ts';
import type { RotationCast, SavedSessions } from './rotation.ts';

/** Whether old leaves and old sessions are refused, by every server and every client. */
export interface Verdict {
  readonly oldLeafRefused: boolean;
  readonly oldSessionRefused: boolean;
}

/** Tries the old leaf against all programs. */
export async function judge(cast: RotationCast, sessions: SavedSessions): Promise<Verdict> {
  const { story } = cast;
  story.chapter('The old CA is out');
  const byServers = await refusedByServers(cast);
  tell(cast, byServers ? 'true' : 'false', 'servers refuse a client with a leaf of the old CA');
  const byClients = await refusedByClients(cast);
  tell(cast, byClients ? 'true' : 'false', 'clients refuse a server with a leaf of the old CA');
  const oldSessionRefused = await sessionsRefused(cast, sessions);
  tell(
    cast,
    oldSessionRefused ? 'true' : 'false',
    'sessions saved while the old CA was trusted are refused too',
  );
  return { oldLeafRefused: byServers && byClients, oldSessionRefused };
}

async function refusedByServers({ serverPorts, oldLeaf }: RotationCast): Promise<boolean> {
  const attempts = await Promise.all(
    serverPorts.flatMap((port) =>
      TLS_VERSIONS.map(async (version) => attempt(port, oldLeaf, { version })),
    ),
  );
  return attempts.every(({ outcome }) => outcome === 'refused');
}

/** The sessions are of the first server, the only one that could resume them. */
async function sessionsRefused(cast: RotationCast, sessions: SavedSessions): Promise<boolean> {
  const port = cast.serverPorts[0] ?? 0;
  const attempts = await Promise.all(
    [...sessions].map(async ([version, session]) =>
      attempt(port, cast.oldLeaf, { version, session }),
    ),
  );
  return attempts.length > 0 && attempts.every(({ outcome }) => outcome === 'refused');
}

/** Starts an impostor with the old leaf, and lets every client call it. */
async function refusedByClients({ fleet, oldLeaf }: RotationCast): Promise<boolean> {
  const impostor = createServer({ cert: oldLeaf.certPem, key: oldLeaf.keyPem }, (_, response) => {
    response.end('got you');
  });
  await new Promise<void>((resolve) => {
    impostor.listen(0, '127.0.0.1', resolve);
  });
  const address = impostor.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const refusals = await Promise.all(
    fleet.clients.map(async (client) => client.attempt({ host: '127.0.0.1', port })),
  );
  impostor.close();
  return refusals.every((refusal) => refusal !== undefined);
}

function tell({ story }: RotationCast, outcome: 'true' | 'false', what: string): void {
  if (outcome === 'true') story.good(what);
  else story.bad(`NOT TRUE: ${what}`);
}
