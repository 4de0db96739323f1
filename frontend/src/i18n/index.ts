import { en, type Catalogue } from './en'

/** The sentences of the chosen language. English is the only one so far. */
export const t: Catalogue = en
