/**
 * Charters of one answer, put together so that what a recovery makes fall can be read in time.
 */
import { describe, expect, it } from 'vitest';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import type { TrustedState } from '../../../src/core/trusted/state.ts';
import { CharterRow } from '../../../src/service/replication/charter-row.ts';
import { NOW_MS } from '../../core/support.ts';
import { type BranchedCharter, Branches } from '../support/branches.ts';

const realm = new Branches(NOW_MS);
const { root } = realm;
const held = realm.stolen(realm.stolen(root, 'held'), 'held too').state;
const stolen = realm.stolen(root, 'stolen');
const stolenToo = realm.stolen(stolen, 'stolen too');
const upon = realm.recovered(stolenToo, 1);
const twice = realm.recovered(stolen, 2);

function told(row: CharterRow, one: BranchedCharter, state = held): TrustedState['charters'] {
  const { document } = one;
  return row.replacing(state, parseStatement(document.statement.payload), document) ?? [];
}

describe('CharterRow', () => {
  it('makes a chain of charters in a row that recovery keys cover', () => {
    const row = new CharterRow();
    expect([stolen, stolenToo].map((one) => told(row, one))).toEqual([[], []]);
    expect(told(row, upon)).toEqual(upon.state.charters);
  });

  it('begins anew with one that follows what is held, and where one is left out', () => {
    const row = new CharterRow();
    for (const one of [stolen, stolen, stolenToo]) told(row, one);
    expect(told(row, upon)).toEqual(upon.state.charters);
    expect(told(row, twice)).toEqual([]);
    told(row, stolen);
    expect(told(row, upon)).toEqual([]);
    told(row, stolen);
    expect(told(row, twice)).toEqual(twice.state.charters);
  });

  it('makes nothing of what was adopted, is covered, or follows nothing that is held', () => {
    for (const state of [upon.state, realm.recovered(root, 1).state]) {
      const row = new CharterRow();
      expect([stolen, stolenToo, upon].map((one) => told(row, one, state))).toEqual([[], [], []]);
    }
    expect(told(new CharterRow(), upon)).toEqual([]);
  });

  it('loses nothing to what another answer brings', () => {
    const [row, flood] = [new CharterRow(), new CharterRow()];
    told(row, stolen);
    told(row, stolenToo);
    for (let count = 0; count < 100; count += 1) told(flood, realm.stolen(root, String(count)));
    expect(told(row, upon)).toEqual(upon.state.charters);
  });
});
