// Original file: proto/kedge/v1/gossip.proto

import type { HelloInput as _kedge_v1_HelloInput, HelloOutput as _kedge_v1_HelloOutput } from '../../kedge/v1/Hello.ts';
import type { PushInput as _kedge_v1_PushInput, PushOutput as _kedge_v1_PushOutput } from '../../kedge/v1/Push.ts';
import type { HeldInput as _kedge_v1_HeldInput, HeldOutput as _kedge_v1_HeldOutput } from '../../kedge/v1/Held.ts';
import type { StoreDigestInput as _kedge_v1_StoreDigestInput, StoreDigestOutput as _kedge_v1_StoreDigestOutput } from '../../kedge/v1/StoreDigest.ts';
import type { RowsInput as _kedge_v1_RowsInput, RowsOutput as _kedge_v1_RowsOutput } from '../../kedge/v1/Rows.ts';
import type { ForkEvidenceInput as _kedge_v1_ForkEvidenceInput, ForkEvidenceOutput as _kedge_v1_ForkEvidenceOutput } from '../../kedge/v1/ForkEvidence.ts';
import type { RowsAskInput as _kedge_v1_RowsAskInput, RowsAskOutput as _kedge_v1_RowsAskOutput } from '../../kedge/v1/RowsAsk.ts';
import type { TreeInput as _kedge_v1_TreeInput, TreeOutput as _kedge_v1_TreeOutput } from '../../kedge/v1/Tree.ts';

export interface FrameInput {
  'hello'?: (_kedge_v1_HelloInput | null);
  'push'?: (_kedge_v1_PushInput | null);
  'held'?: (_kedge_v1_HeldInput | null);
  'digest'?: (_kedge_v1_StoreDigestInput | null);
  'rows'?: (_kedge_v1_RowsInput | null);
  'fork'?: (_kedge_v1_ForkEvidenceInput | null);
  'rowsAsk'?: (_kedge_v1_RowsAskInput | null);
  'tree'?: (_kedge_v1_TreeInput | null);
  'message'?: "hello"|"push"|"held"|"digest"|"rows"|"fork"|"rowsAsk"|"tree";
}

export interface FrameOutput {
  'hello'?: (_kedge_v1_HelloOutput | null);
  'push'?: (_kedge_v1_PushOutput | null);
  'held'?: (_kedge_v1_HeldOutput | null);
  'digest'?: (_kedge_v1_StoreDigestOutput | null);
  'rows'?: (_kedge_v1_RowsOutput | null);
  'fork'?: (_kedge_v1_ForkEvidenceOutput | null);
  'rowsAsk'?: (_kedge_v1_RowsAskOutput | null);
  'tree'?: (_kedge_v1_TreeOutput | null);
  'message'?: "hello"|"push"|"held"|"digest"|"rows"|"fork"|"rowsAsk"|"tree";
}
