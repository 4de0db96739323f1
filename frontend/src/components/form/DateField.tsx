/** A day, beside its name, or below it where there is little room. */
export function DateField({
  label,
  value,
  onChange,
}: {
  label: string
  value: string
  onChange: (value: string) => void
}) {
  return (
    <label className="inline-flex min-w-0 items-center gap-1.5 text-muted max-sm:grow max-sm:basis-[calc(50%-0.25rem)] max-sm:flex-col max-sm:items-stretch max-sm:gap-0.5">
      {label}
      <input
        type="date"
        value={value}
        onChange={(event) => {
          onChange(event.target.value)
        }}
        className="h-8 min-w-0 rounded-md border border-line bg-surface px-2 text-sm text-text"
      />
    </label>
  )
}
