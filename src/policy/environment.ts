/**
 * What rules see: the variables of the expression language, their fields and what each one means.
 *
 * One table for everything: the type checker, the values of facts (`facts.ts`), the cases of `kedge
 * policy test` and docs/policy.md, which a test compares with it. Numbers are whole; times are
 * timestamps of the expression language.
 *
 * @module
 */
import type { RuleSubject } from '../core/charter/rules.ts';

/** Types of fields. */
export type FieldType = 'string' | 'int' | 'bool' | 'timestamp' | 'list<string>';

/** One field of a variable. */
export interface Field {
  readonly type: FieldType;
  readonly what: string;
}

/** A variable; its value is an object with exactly these fields. */
export interface Variable {
  readonly for: readonly RuleSubject[];
  readonly what: string;
  readonly fields: Readonly<Record<string, Field>>;
}

const ALL: readonly RuleSubject[] = ['release', 'charter', 'rollout'];
const RELEASE: readonly RuleSubject[] = ['release'];
const field = (type: FieldType, what: string): Field => ({ type, what });

/** The variables by name. */
export const VARIABLES: Readonly<Record<string, Variable>> = {
  change: {
    for: RELEASE,
    what: 'what the release does to one anchor; rules are evaluated once per changed anchor',
    fields: {
      kind: field(
        'string',
        '`add` (trusted at once), `stage`, `activate`, `retire`, `remove`, `revoke`, `edit` ' +
          '(label, purposes, constraints, distrust-after), `tombstone`, or `renew` when none ' +
          'changes',
      ),
      from: field('string', 'state before: `staged`, `active`, `retiring`; empty when new'),
      to: field('string', 'state after; empty when it leaves'),
      stateHours: field('int', 'how long it was in the state before, hours'),
      narrows: field('bool', 'the whole release only revokes or narrows'),
    },
  },
  anchor: {
    for: RELEASE,
    what: 'the anchor that changes; with `renew` and `tombstone` all fields are empty',
    fields: {
      fingerprint: field('string', 'SHA-256 of the certificate, hex; empty when there is none'),
      label: field('string', 'its label after the release, or before when it leaves'),
      purposes: field('list<string>', 'what it is trusted for'),
      constraints: field('list<string>', 'types of its constraints, for example `permitted-dns`'),
      constrainedNames: field('list<string>', 'values of all its constraints'),
      known: field('bool', 'the certificate could be read; if not, what follows is empty'),
      subject: field('string', 'RFC 4514, most significant part first'),
      issuer: field('string', 'the same of its issuer'),
      serial: field('string', 'lower-case hex'),
      keyType: field('string', '`rsa`, `ec`, `ed25519`, …'),
      keyBits: field('int', 'size of an RSA key or of an EC curve; 0 when unknown'),
      curve: field('string', 'EC: `prime256v1`, `secp384r1`, …'),
      signatureAlg: field('string', 'for example `ecdsa-sha256`, `rsa-sha256`'),
      notBefore: field('timestamp', 'valid from'),
      notAfter: field('timestamp', 'valid to'),
      validityDays: field('int', 'days from `notBefore` to `notAfter`'),
      daysLeft: field('int', 'days from now to `notAfter`; negative when expired'),
      isCa: field('bool', 'basicConstraints says CA'),
      pathLength: field('int', 'path length of basicConstraints; -1 without one'),
      selfSigned: field('bool', 'signed with its own key'),
      nameConstrained: field('bool', 'the certificate has name constraints of its own'),
      keyUsage: field('list<string>', 'RFC 5280 names; empty when not limited'),
      extendedKeyUsage: field('list<string>', 'dotted identifiers; empty when not limited'),
    },
  },
  release: {
    for: RELEASE,
    what: 'the release',
    fields: {
      bundle: field('string', 'name of the bundle'),
      sequence: field('int', 'its sequence'),
      note: field('string', 'its note: tickets, reasons'),
      validDays: field('int', 'how long it is valid, days'),
      rollback: field('bool', 'puts the content of an earlier release back'),
      waves: field('bool', 'waits for a rollout'),
      changed: field('int', 'how many anchors change'),
      trustedBefore: field('int', 'trusted anchors before'),
      trustedAfter: field('int', 'trusted anchors after'),
    },
  },
  charter: {
    for: ['charter'],
    what: 'the charter that is proposed',
    fields: {
      version: field('int', 'its version'),
      note: field('string', 'its note'),
      validDays: field('int', 'how long it is valid, days'),
      signers: field('list<string>', 'its signers'),
      addedSigners: field('list<string>', 'signers that the charter before does not have'),
      removedSigners: field('list<string>', 'signers of the charter before that it does not have'),
      changedKeys: field('list<string>', 'signers whose keys change'),
      charterThreshold: field('int', 'threshold of the role charter'),
      releaseThreshold: field('int', 'threshold of the role release'),
      revokeThreshold: field('int', 'threshold of the role revoke; 0 without the role'),
      regions: field('list<string>', 'its regions'),
      holdDownHours: field('int', 'how long an anchor stays staged'),
      overlapHours: field('int', 'how long an anchor stays retiring'),
    },
  },
  rollout: {
    for: ['rollout'],
    what: 'the rollout',
    fields: {
      bundle: field('string', 'name of the bundle'),
      note: field('string', 'its note'),
      state: field('string', '`running`, `paused` or `aborted`'),
      waves: field('int', 'how many waves it has'),
      firstPercent: field('int', 'share of the first wave'),
      labels: field('list<string>', '`key=value` of all waves'),
      soakSeconds: field('int', 'the shortest soak of all waves but the last'),
      maxFailures: field('int', 'the highest allowance of failures of all waves'),
      windows: field(
        'list<string>',
        'when each wave may open, such as `mon-thu 09:00-16:00` in UTC; empty: at any time',
      ),
      openings: field(
        'list<string>',
        'of each wave whom it takes and when it may open, such as `region=iad mon-thu ' +
          '09:00-16:00`, `all always`',
      ),
      maxPerIdentity: field('int', 'programs of one identity that count; 0: all of them'),
    },
  },
  realm: {
    for: ALL,
    what: 'the charter in force',
    fields: {
      name: field('string', 'the realm'),
      version: field('int', 'version of the charter in force'),
      regions: field('list<string>', 'its regions'),
      holdDownHours: field('int', 'its hold-down, hours'),
      overlapHours: field('int', 'its overlap, hours'),
      blastRadiusPercent: field('int', 'its blast radius'),
    },
  },
  approvals: {
    for: ALL,
    what: 'who signed so far; while you sign, you are not among them yet',
    fields: {
      signers: field('list<string>', 'distinct signers whose signatures verify'),
      count: field('int', 'how many'),
      threshold: field('int', 'how many the role needs'),
    },
  },
  time: {
    for: ALL,
    what: 'the time of judging, in UTC',
    fields: {
      now: field('timestamp', "also in zones: `time.now.getHours('America/New_York')`"),
      date: field('string', '`2026-11-26`'),
      weekday: field('string', '`mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`'),
      hour: field('int', '0 to 23'),
      minute: field('int', '0 to 59'),
    },
  },
};

/** A value of a field. */
export type FactValue = string | number | boolean | Date | readonly string[];

/** The values of one evaluation: variable, field, value. */
export type Facts = Readonly<Record<string, Readonly<Record<string, FactValue>>>>;

/** The variables that rules for a subject have, by name. */
export function variablesFor(subject: RuleSubject): readonly (readonly [string, Variable])[] {
  return Object.entries(VARIABLES).filter(([, variable]) => variable.for.includes(subject));
}

/** All facts of a subject, each empty: what is not given in a case of a test. */
export function emptyFacts(subject: RuleSubject): Facts {
  return Object.fromEntries(
    variablesFor(subject).map(([name, { fields }]) => [
      name,
      Object.fromEntries(Object.entries(fields).map(([key, { type }]) => [key, emptyValue(type)])),
    ]),
  );
}

/** The value of a field of nothing. */
function emptyValue(type: FieldType): FactValue {
  switch (type) {
    case 'string':
      return '';
    case 'int':
      return 0;
    case 'bool':
      return false;
    case 'timestamp':
      return new Date(0);
    case 'list<string>':
      return [];
  }
}
