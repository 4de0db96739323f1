/** A day, beside its name. */
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
    <label className="inline-flex items-center gap-1.5 text-muted">
      {label}
      <input
        type="date"
        value={value}
        onChange={(event) => {
          onChange(event.target.value)
        }}
        className="h-8 rounded-md border border-line bg-surface px-2 text-sm text-text"
      />
    </label>
  )
}
