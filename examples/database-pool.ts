/**
 * A pool of long-lived PostgreSQL connections whose server must chain to the bundle. Each change
 * of trust gets a pool of its own; the one before finishes its queries and closes its connections.
 * What is still open when nobody vouches for the server any more ends as `onDistrust` says.
 *
 * @module
 */
import { TLSSocket } from 'node:tls';
import pg from 'pg';
import { liveTlsClient, openBundleSource } from '../src/index.ts';
import { bundle, every, intervalMs, ownIdentity, reportStates, sourceOptions } from './settings.ts';

await using source = await openBundleSource(sourceOptions);
reportStates(source);
await source.ready();
using live = liveTlsClient(source, { bundle, identity: ownIdentity() });

let pool = newPool();
source.onSwap(() => {
  // First, so that nothing goes on by the old trust when nobody is trusted any more.
  void pool.end();
  pool = newPool();
});

await every(intervalMs, async () => {
  const { rows } = await pool.query<{ answer: string }>('SELECT 1 AS answer');
  return `answer ${rows[0]?.answer ?? ''}`;
});
await pool.end();

function newPool(): pg.Pool {
  const made = new pg.Pool({
    host: process.env['PGHOST'] ?? 'localhost',
    port: Number(process.env['PGPORT'] ?? 5432),
    user: process.env['PGUSER'] ?? 'app',
    database: process.env['PGDATABASE'] ?? 'app',
    max: 4,
    ssl: live.connectOptions(),
  });
  // The driver opened it, so live trust learns of it here.
  made.on('connect', ({ connection: { stream } }) => {
    if (stream instanceof TLSSocket) live.adopt(stream);
  });
  // A connection that breaks while nobody uses it; the pool opens another one.
  made.on('error', (error) => console.error(error.message));
  return made;
}
