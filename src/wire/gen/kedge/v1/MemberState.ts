// Original file: proto/kedge/v1/gossip.proto

export const MemberState = {
  MEMBER_STATE_UNSPECIFIED: 'MEMBER_STATE_UNSPECIFIED',
  MEMBER_STATE_ALIVE: 'MEMBER_STATE_ALIVE',
  MEMBER_STATE_FAILED: 'MEMBER_STATE_FAILED',
  MEMBER_STATE_LEFT: 'MEMBER_STATE_LEFT',
} as const;

export type MemberStateInput =
  | 'MEMBER_STATE_UNSPECIFIED'
  | 0
  | 'MEMBER_STATE_ALIVE'
  | 1
  | 'MEMBER_STATE_FAILED'
  | 2
  | 'MEMBER_STATE_LEFT'
  | 3

export type MemberStateOutput = typeof MemberState[keyof typeof MemberState]
