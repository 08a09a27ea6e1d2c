import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requireRoom } from '../../src/storage/folder.ts';

describe('requireRoom', () => {
  it('does not mind a log that a closing database removes meanwhile', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kedge-room-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    // Listed, and not there when it is looked at.
    await symlink(join(folder, 'gone'), join(folder, '000003.log'));
    await expect(requireRoom(folder)).resolves.toBeUndefined();
  });
});
