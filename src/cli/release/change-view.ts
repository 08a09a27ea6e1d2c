/**
 * Changes of a bundle as a person reads them before signing: what comes, what goes, what changes,
 * each certificate with its facts.
 *
 * @module
 */
import type { Anchor, Constraint } from '../../core/anchors/anchor.ts';
import { readLimits } from '../../core/anchors/limits.ts';
import { type AnchorId, formatTimestamp } from '../../core/ids.ts';
import type { Change, ChangeCounts } from '../../core/releases/diff.ts';
import { asJson, type Json } from '../output.ts';
import { countOf, printable, type Styles } from '../terminal/styles.ts';
import { type Announced, formatAnnounced, formatEarly } from './announced-view.ts';
import { factsJson, factsOf, formatFacts } from './certificates.ts';

/** What a view needs besides the changes. */
export interface ChangeViewContext {
  readonly styles: Styles;
  readonly nowMs: number;
  readonly blobs: ReadonlyMap<AnchorId, Uint8Array>;
  /** When the newer release was issued, where that is known. */
  readonly issuedMs?: number;
}

/** `2 anchors added, 1 gone, 1 changed; trusted anchors 3 -> 4`. */
export function formatCounts(counts: ChangeCounts): string {
  const { added, left, changed, trustedBefore, trustedAfter } = counts;
  return (
    `${countOf(added, 'anchor')} added, ${left} gone, ${changed} changed; ` +
    `trusted anchors: ${trustedBefore} -> ${trustedAfter}`
  );
}

/** All changes as text, one paragraph each. */
export function formatChanges(changes: readonly Change[], context: ChangeViewContext): string {
  if (changes.length === 0) return '  nothing changes';
  return changes.map((change) => formatChange(change, context)).join('\n');
}

/** One line and, where a certificate enters, leaves or changes state, its facts. */
function formatChange(change: Change, context: ChangeViewContext): string {
  const { green, red, yellow } = context.styles;
  switch (change.kind) {
    case 'added':
      return withFacts(
        `${green('+ add')} ${name(change.anchor)} as ${stateText(change.anchor)}` +
          ` for ${change.anchor.purposes.join(', ')}${formatLimits(change.anchor)}`,
        change.anchor.id,
        context,
      );
    case 'left':
      return withFacts(
        `${red(`- ${LEFT_VERBS[change.reason]}`)} ${name(change.anchor)} ` +
          `(was ${change.anchor.state})`,
        change.anchor.id,
        context,
      );
    case 'state':
      return withFacts(
        `${yellow('~')} ${name(change)}: ${change.from} -> ${STATE_TEXTS[change.to]}`,
        change.id,
        context,
      );
    case 'label':
      return `${yellow('~')} ${name(change)}: label was ${quote(change.from)}`;
    case 'purposes':
      return (
        `${yellow('~')} ${name(change)}: for ${change.from.join(', ')} -> ` + change.to.join(', ')
      );
    case 'constraints':
      return (
        `${yellow('~')} ${name(change)}: constraints ` +
        `${constraintsText(change.from)} -> ${constraintsText(change.to)}`
      );
    case 'distrust-after':
      return (
        `${yellow('~')} ${name(change)}: distrusts leaves issued after ` +
        `${timeText(change.from)} -> ${timeText(change.to)}`
      );
    case 'since':
      return (
        `${yellow('~')} ${name(change)}: since ${timeText(change.from)} -> ` + timeText(change.to)
      );
    case 'tombstone':
      return `${red('!')} tombstone of ${change.id} ${TOMBSTONE_TEXTS[change.what]}`;
    case 'bundle':
      return `${red('!')} bundle ${change.from} -> ${change.to}`;
    case 'note':
      return change.to === ''
        ? `${yellow('~')} no note (was ${quote(change.from)})`
        : `${yellow('~')} note: ${quote(change.to)}`;
    case 'replaces':
    case 'delivery':
    case 'planned':
    case 'unplanned':
      return `${yellow('~')} ${formatManner(change, context)}`;
  }
}

/** What a release says about itself and about later ones. */
function formatManner(
  change: Extract<Change, { readonly kind: 'replaces' | 'delivery' | 'planned' | 'unplanned' }>,
  { issuedMs }: ChangeViewContext,
): string {
  switch (change.kind) {
    case 'replaces':
      return change.sequence === undefined
        ? 'no longer puts back an earlier release'
        : `puts back the content of release ${change.sequence} (rollback)`;
    case 'delivery':
      return DELIVERY_TEXTS[change.to];
    case 'planned':
      return `announces: ${formatAnnounced(announcedOf(change))}`;
    case 'unplanned': {
      const announced = formatAnnounced(announcedOf(change));
      if (change.why === 'withdrawn') return `announces no longer: ${announced}`;
      if (change.why === 'done') return `announces no longer, as it is done: ${announced}`;
      const early = issuedMs === undefined ? undefined : formatEarly(change.plan, issuedMs);
      return `makes what was announced${early === undefined ? '' : `, ${early}`}: ${announced}`;
    }
  }
}

function announcedOf({
  plan,
  label,
}: Extract<Change, { readonly kind: 'planned' | 'unplanned' }>): Announced {
  return { ...plan, ...(label !== undefined && { label }) };
}

/** Changes as JSON, certificates with their facts. */
export function changesJson(
  changes: readonly Change[],
  blobs: ReadonlyMap<AnchorId, Uint8Array>,
): Json {
  return changes.map((change): Json => {
    if (change.kind === 'added') {
      return { kind: 'added', anchor: anchorJson(change.anchor, blobs) };
    }
    if (change.kind === 'left') {
      return { kind: 'left', reason: change.reason, anchor: anchorJson(change.anchor, blobs) };
    }
    return asJson(change);
  });
}

/** One anchor as JSON. */
export function anchorJson(
  anchor: Anchor,
  blobs: ReadonlyMap<AnchorId, Uint8Array>,
): { readonly [key: string]: Json | undefined } {
  const facts = factsOf(blobs.get(anchor.id));
  return {
    id: anchor.id,
    label: anchor.label,
    state: anchor.state,
    purposes: anchor.purposes,
    constraints: anchor.constraints.map(({ type, critical, values }) => ({
      type,
      critical,
      values,
    })),
    since: formatTimestamp(anchor.sinceMs),
    distrustAfter:
      anchor.distrustAfterMs === undefined ? undefined : formatTimestamp(anchor.distrustAfterMs),
    certificate: facts === undefined ? undefined : factsJson(facts),
  };
}

/** `; only permitted-dns example.org`: what an anchor may vouch for; empty without limits. */
export function formatLimits(anchor: Anchor): string {
  const parts: string[] = [];
  if (anchor.constraints.length > 0) parts.push(constraintsText(anchor.constraints));
  if (anchor.distrustAfterMs !== undefined) {
    parts.push(`leaves issued until ${timeText(anchor.distrustAfterMs)}`);
  }
  if (parts.length === 0) return '';
  const reading = readLimits(anchor);
  const withheld = reading.kind === 'unknown' ? ` (programs withhold it: ${reading.message})` : '';
  return `; only ${parts.join('; ')}${withheld}`;
}

const PLAIN_VALUE = /^[a-z0-9._:/-]+$/i;
const LEFT_VERBS = {
  removed: 'remove',
  revoked: 'REVOKE',
  vanished: 'DROP WITHOUT A TOMBSTONE',
} as const;
const STATE_TEXTS = {
  staged: 'staged (delivered, not trusted)',
  active: 'active (trusted)',
  retiring: 'retiring (still trusted, on its way out)',
} as const;
const DELIVERY_TEXTS = {
  waves: 'comes to programs in waves: it waits for a rollout',
  'at-once': 'comes to all programs at once, without waves',
} as const;
const TOMBSTONE_TEXTS = {
  new: 'appears for an anchor that was never listed',
  changed: 'is changed',
  dropped: 'is dropped',
} as const;

function withFacts(line: string, id: AnchorId, context: ChangeViewContext): string {
  const facts = factsOf(context.blobs.get(id));
  if (facts === undefined) return `${line}\n    sha256:  ${id} (the certificate is not at hand)`;
  return `${line}\n${formatFacts(facts, context.nowMs).replace(/^/gm, '  ')}`;
}

function name(anchor: { readonly id: AnchorId; readonly label: string }): string {
  return `${quote(anchor.label)} (${anchor.id.slice(0, 16)})`;
}

function stateText(anchor: Anchor): string {
  return STATE_TEXTS[anchor.state];
}

function constraintsText(constraints: readonly Constraint[]): string {
  if (constraints.length === 0) return 'none';
  return constraints
    .map(({ type, critical, values }) => {
      const shown = values.length === 0 ? 'nothing' : values.map(valueText).join(' ');
      return `${type} ${shown}${critical ? '' : ' (not critical)'}`;
    })
    .join(', ');
}

/** A value that could be taken for more than one, or for what stands around it, is quoted. */
function valueText(value: string): string {
  return PLAIN_VALUE.test(value) ? value : JSON.stringify(printable(value));
}

function timeText(timeMs: number | undefined): string {
  return timeMs === undefined ? 'never' : formatTimestamp(timeMs);
}

function quote(text: string): string {
  return `"${printable(text)}"`;
}
