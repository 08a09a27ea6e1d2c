// Original file: proto/kedge/v1/admin.proto

import type { RolloutKnowledgeInput as _kedge_v1_RolloutKnowledgeInput, RolloutKnowledgeOutput as _kedge_v1_RolloutKnowledgeOutput } from '../../kedge/v1/RolloutKnowledge.ts';

export interface RolloutNodeInput {
  'nodeId'?: (string);
  'region'?: (string);
  'knowledge'?: (_kedge_v1_RolloutKnowledgeInput);
  'open'?: (number);
}

export interface RolloutNodeOutput {
  'nodeId': (string);
  'region': (string);
  'knowledge': (_kedge_v1_RolloutKnowledgeOutput);
  'open': (number);
}
