// Original file: proto/kedge/v1/admin.proto

export const NodeStanding = {
  NODE_STANDING_UNSPECIFIED: 'NODE_STANDING_UNSPECIFIED',
  NODE_STANDING_COUNTED: 'NODE_STANDING_COUNTED',
  NODE_STANDING_UNREACHABLE: 'NODE_STANDING_UNREACHABLE',
  NODE_STANDING_SILENT: 'NODE_STANDING_SILENT',
  NODE_STANDING_LEFT: 'NODE_STANDING_LEFT',
} as const;

export type NodeStandingInput =
  | 'NODE_STANDING_UNSPECIFIED'
  | 0
  | 'NODE_STANDING_COUNTED'
  | 1
  | 'NODE_STANDING_UNREACHABLE'
  | 2
  | 'NODE_STANDING_SILENT'
  | 3
  | 'NODE_STANDING_LEFT'
  | 4

export type NodeStandingOutput = typeof NodeStanding[keyof typeof NodeStanding]
