/** The API's types under short names, from the server's own description. */
import type { components } from './schema'

type Schemas = components['schemas']

export type Bucket = Schemas['Bucket']
export type ChannelSummary = Schemas['ChannelSummary']
export type Chatter = Schemas['Chatter']
export type Chatters = Schemas['Chatters']
export type Counts = Schemas['Counts']
export type Gap = Schemas['Gap']
export type Info = Schemas['Info']
export type Mark = Schemas['Mark']
export type Moment = Schemas['Moment']
export type Mood = Schemas['Mood']
export type Rate = Schemas['Rate']
export type Report = Schemas['Report']
export type SessionInfo = Schemas['SessionInfo']
export type SessionList = Schemas['SessionList']
export type Snapshot = Schemas['Snapshot']
export type Status = Schemas['Status']
export type Term = Schemas['Term']
export type Timeline = Schemas['Timeline']
export type Wave = Schemas['Wave']
