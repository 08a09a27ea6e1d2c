// Original file: proto/kedge/v1/admin.proto

export const LinkState = {
  LINK_STATE_UNSPECIFIED: 'LINK_STATE_UNSPECIFIED',
  LINK_STATE_UP: 'LINK_STATE_UP',
  LINK_STATE_DOWN: 'LINK_STATE_DOWN',
} as const;

export type LinkStateInput =
  | 'LINK_STATE_UNSPECIFIED'
  | 0
  | 'LINK_STATE_UP'
  | 1
  | 'LINK_STATE_DOWN'
  | 2

export type LinkStateOutput = typeof LinkState[keyof typeof LinkState]
