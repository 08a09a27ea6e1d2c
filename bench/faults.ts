/**
 * Claim `faults`: 15 nodes in five regions lose nothing that was acknowledged and take nothing back
 * that was served, whatever happens to them, and agree soon after it is over.
 *
 * @module
 */
import { createTestRealm } from '../src/testing/realm.ts';
import { atMost, type Claim, type Measurement, type Report, rounded } from './claim.ts';
import { FAULTS, type Fault } from './faults/faults.ts';
import { Field } from './faults/field.ts';
import { say } from './progress.ts';
import { WanCluster } from './wan/cluster.ts';
import { FIVE_REGIONS } from './wan/matrix.ts';
import { openWan } from './wan/open-wan.ts';
import type { Wan } from './wan/wan.ts';

const HOSTS_PER_REGION = 3;
const EQUAL_MAX_MS = 5000;
const SECOND_MS = 1000;

/** The claim. */
export const faults: Claim = {
  name: 'faults',
  summary: '15 nodes in 5 regions killed, paused, cut off, full, restored: nothing lost',
  measure,
};

async function measure(): Promise<Measurement> {
  const { wan, notes } = await openWan(FIVE_REGIONS, HOSTS_PER_REGION);
  await using _ = wan;
  const realm = createTestRealm({ realm: 'bench.kedge.test', threshold: 2, now: Date.now });
  await using cluster = await WanCluster.prepare(wan, realm);
  say('starting 15 nodes');
  await cluster.start();
  await using field = await Field.open(cluster);
  const report: Report = { figures: {}, bars: [], notes: [...notes, `network: ${wan.kind}`] };
  for (const fault of wanted()) await measureFault(fault, field, wan, report);
  report.figures['acknowledged'] = field.oracle.acknowledgements;
  report.notes.push(...field.notes, ...field.oracle.told);
  return report;
}

async function measureFault(
  fault: Fault,
  field: Field,
  wan: Wan,
  { figures, bars, notes }: Report,
): Promise<void> {
  const { name, summary } = fault;
  const { oracle } = field;
  const { violations: violationsBefore, acknowledgements: acknowledgedBefore } = oracle;
  const undos: (() => Promise<void>)[] = [];
  say(`${name}: ${summary}`);
  let equalMs: number;
  try {
    const skipped = await fault.inflict(field, wan, (undo) => undos.push(undo));
    if (skipped !== undefined) {
      notes.push(`${name} skipped: ${skipped}`);
      return;
    }
    equalMs = await field.untilEqual();
  } finally {
    for (const undo of undos) await undo();
  }
  const violations = oracle.violations - violationsBefore;
  const acknowledged = oracle.acknowledgements - acknowledgedBefore;
  const equalSeconds = rounded(equalMs / SECOND_MS);
  say(`${name}: equal in ${equalSeconds} s, ${acknowledged} acknowledged, ${violations} violated`);
  figures[`${name}Acknowledged`] = acknowledged;
  const longestMs = Math.max(...wan.matrix.oneWayMs.flat());
  const limitSeconds = rounded((EQUAL_MAX_MS + 4 * longestMs) / SECOND_MS);
  bars.push(
    atMost(`${name}EqualSeconds`, equalSeconds, limitSeconds),
    atMost(`${name}Violations`, violations, 0),
  );
}

/** `KEDGE_FAULTS` names some of the faults, with commas between; all without it. */
function wanted(): readonly Fault[] {
  const names = process.env['KEDGE_FAULTS']?.split(',');
  return names === undefined ? FAULTS : FAULTS.filter(({ name }) => names.includes(name));
}
