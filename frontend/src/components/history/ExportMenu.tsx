import * as Menu from '@radix-ui/react-dropdown-menu'
import { useMutation } from '@tanstack/react-query'
import { Check, ChevronDown, Download } from 'lucide-react'
import { useState } from 'react'
import { locale, t } from '../../i18n'
import { cx } from '../../lib/cx'
import { download } from '../../lib/download'
import { timeZone } from '../../lib/format'
import { toast } from '../../lib/toast'
import { buttonClass } from '../buttonClass'
import { menuClass, menuItemClass } from '../menu'

const chatterChoices = ['names', 'pseudonyms', 'none'] as const
const papers = ['a4', 'letter'] as const

/** Takes a report along in any of its forms. */
export function ExportMenu({ path, choosePeople = true }: { path: string; choosePeople?: boolean }) {
  const [chatters, setChatters] = useState<string>('names')
  const [paper, setPaper] = useState<string>(/-(US|CA|MX)$/.test(locale) ? 'letter' : 'a4')
  const take = useMutation({
    mutationFn: (format: string) =>
      download(path, {
        format,
        tz: timeZone(),
        ...(format === 'pdf' ? { paper } : {}),
        ...(choosePeople ? { chatters } : {}),
      }),
    onSuccess: () => {
      toast.done(t.entry.exported)
    },
    onError: (error) => {
      toast.bad(t.entry.exportFailed, error.message)
    },
  })
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger disabled={take.isPending} className={buttonClass()}>
        <Download aria-hidden className="size-3.5" />
        {take.isPending ? t.form.working : t.entry.export}
        <ChevronDown aria-hidden className="size-3.5 text-muted" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content align="end" sideOffset={4} collisionPadding={8} className={cx(menuClass, 'w-64')}>
          {Object.entries(t.entry.formats).map(([format, [name, what]]) => (
            <Menu.Item
              key={format}
              className={menuItemClass}
              onSelect={() => {
                take.mutate(format)
              }}
            >
              <span className="w-24 font-medium">{name}</span>
              <span className="min-w-0 truncate text-xs text-muted">{what}</span>
            </Menu.Item>
          ))}
          {choosePeople && (
            <Choice label={t.entry.chatters} value={chatters} onChange={setChatters}>
              {chatterChoices.map((c) => [c, t.entry.chatterChoices[c]] as const)}
            </Choice>
          )}
          <Choice label={t.entry.paper} value={paper} onChange={setPaper}>
            {papers.map((p) => [p, p === 'a4' ? 'A4' : 'Letter'] as const)}
          </Choice>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  )
}

function Choice({
  label,
  value,
  onChange,
  children,
}: {
  label: string
  value: string
  onChange: (value: string) => void
  children: readonly (readonly [value: string, name: string])[]
}) {
  return (
    <>
      <Menu.Separator className="my-1 h-px bg-line" />
      <Menu.Label className="px-3 pt-1 text-xs text-muted">{label}</Menu.Label>
      <Menu.RadioGroup value={value} onValueChange={onChange} aria-label={label}>
        {children.map(([v, name]) => (
          <Menu.RadioItem
            key={v}
            value={v}
            className={menuItemClass}
            // The menu stays open: a choice is followed by a format.
            onSelect={(event) => {
              event.preventDefault()
            }}
          >
            <span className="flex size-4 items-center justify-center">
              <Menu.ItemIndicator>
                <Check aria-hidden className="size-4 text-accent" />
              </Menu.ItemIndicator>
            </span>
            {name}
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </>
  )
}
