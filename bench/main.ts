/**
 * `npm run bench`: measures what Kedge claims about itself.
 *
 * `list` names the claims; a claim's name measures it, `--json` prints one line
 * `{"claim","figures","bars":[{"name","value","limit","met"}],"notes"}`. Exit code 1 when a bar is
 * missed.
 *
 * @module
 */
import { adoption } from './adoption.ts';
import { catchup } from './catchup.ts';
import type { Claim, Measurement } from './claim.ts';
import { fanout } from './fanout.ts';
import { faults } from './faults.ts';
import { firstCall } from './first-call.ts';
import { governance } from './governance.ts';
import { idle } from './idle.ts';
import { plan } from './plan.ts';
import { publish } from './publish.ts';
import { repair } from './repair.ts';
import { replication } from './replication.ts';
import { rollout } from './rollout.ts';
import { sdk } from './sdk.ts';
import { sdkSwap } from './sdk-swap.ts';
import { soak } from './soak.ts';
import { storm } from './storm.ts';
import { wire } from './wire.ts';

const CLAIMS: readonly Claim[] = [
  wire,
  publish,
  firstCall,
  sdk,
  replication,
  idle,
  catchup,
  repair,
  faults,
  fanout,
  storm,
  soak,
  sdkSwap,
  adoption,
  governance,
  plan,
  rollout,
];
const USAGE = 'usage: npm run bench -- list | <claim> [--json]\n';

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const names = argv.filter((word) => !word.startsWith('-'));
  const flags = argv.filter((word) => word.startsWith('-'));
  const [name] = names;
  if (name === undefined || names.length > 1 || flags.some((flag) => flag !== '--json')) {
    process.stderr.write(USAGE);
    return 2;
  }
  const format = flags.length > 0 ? 'json' : 'text';
  if (name === 'list') {
    const list = CLAIMS.map(({ name: claim, summary }) => ({ claim, summary }));
    process.stdout.write(
      format === 'json'
        ? `${JSON.stringify(list)}\n`
        : list.map(({ claim, summary }) => `${claim.padEnd(13)}${summary}\n`).join(''),
    );
    return 0;
  }
  const claim = CLAIMS.find((known) => known.name === name);
  if (claim === undefined) {
    const known = CLAIMS.map((each) => each.name).join(', ');
    process.stderr.write(`no claim ${JSON.stringify(name)}; there are: ${known}\n`);
    return 2;
  }
  const measured = await claim.measure();
  process.stdout.write(
    format === 'json'
      ? `${JSON.stringify({ claim: claim.name, ...measured })}\n`
      : formatText(claim, measured),
  );
  return measured.bars.every(({ met }) => met) ? 0 : 1;
}

function formatText({ name, summary }: Claim, measured: Measurement): string {
  const { figures, bars, notes = [] } = measured;
  const width = Math.max(...Object.keys(figures).map((key) => key.length));
  return [
    `${name}: ${summary}`,
    ...Object.entries(figures).map(([key, value]) => `  ${key.padEnd(width)}  ${String(value)}`),
    ...notes.map((note) => `  ${note}`),
    ...bars.map(
      ({ name: bar, value, limit, met }) =>
        `${met ? 'met   ' : 'MISSED'} ${bar} ${String(value)} (at most ${String(limit)})`,
    ),
    '',
  ].join('\n');
}
