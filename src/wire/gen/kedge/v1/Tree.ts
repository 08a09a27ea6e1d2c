// Original file: proto/kedge/v1/gossip.proto

import type { TreeNodeInput as _kedge_v1_TreeNodeInput, TreeNodeOutput as _kedge_v1_TreeNodeOutput } from '../../kedge/v1/TreeNode.ts';

export interface TreeInput {
  'nodes'?: (_kedge_v1_TreeNodeInput)[];
}

export interface TreeOutput {
  'nodes': (_kedge_v1_TreeNodeOutput)[];
}
