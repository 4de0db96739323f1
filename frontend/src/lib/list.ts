/** A list that may have arrived as null: an empty slice of Go's is null in JSON unless somebody took care. */
export const list = <T>(value: readonly T[] | null | undefined): readonly T[] => value ?? []
