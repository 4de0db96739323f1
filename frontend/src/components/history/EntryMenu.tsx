import * as Menu from '@radix-ui/react-dropdown-menu'
import { Archive, ArchiveRestore, Ellipsis, FileDown, FolderOpen, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import { history, type HistoryEntry } from '../../api/history'
import { t } from '../../i18n'
import { download } from '../../lib/download'
import { timeZone } from '../../lib/format'
import { toast } from '../../lib/toast'
import { menuClass, menuItemClass } from '../menu'
import { entryName } from './names'
import { RemoveDialog } from './RemoveDialog'
import { useArchive } from './useArchive'

/** What can be done with an entry of the list. */
export function EntryMenu({ entry }: { entry: HistoryEntry }) {
  const archive = useArchive(entry)
  const [removing, setRemoving] = useState(false)
  const archived = entry.status === 'deleted'
  const name = entryName(entry)
  const ArchiveIcon = archived ? ArchiveRestore : Archive
  return (
    <>
      <Menu.Root modal={false}>
        <Menu.Trigger
          aria-label={t.history.actions(name)}
          className="relative inline-flex size-8 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text"
        >
          <Ellipsis aria-hidden className="size-4" />
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Content align="end" sideOffset={4} collisionPadding={8} className={menuClass}>
            {!archived && (
              <>
                <Menu.Item asChild>
                  <Link to={`/history/${entry._id}`} className={menuItemClass}>
                    <FolderOpen aria-hidden className="size-4 text-muted" />
                    {t.history.open}
                  </Link>
                </Menu.Item>
                <Menu.Item
                  className={menuItemClass}
                  onSelect={() => {
                    download(history.reportPath(entry._id), { format: 'pdf', tz: timeZone() }).catch(
                      (error: unknown) => {
                        toast.bad(t.entry.exportFailed, error instanceof Error ? error.message : undefined)
                      },
                    )
                  }}
                >
                  <FileDown aria-hidden className="size-4 text-muted" />
                  PDF
                </Menu.Item>
                <Menu.Separator className="my-1 h-px bg-line" />
              </>
            )}
            <Menu.Item
              className={menuItemClass}
              onSelect={() => {
                archive.mutate()
              }}
            >
              <ArchiveIcon aria-hidden className="size-4 text-muted" />
              {archived ? t.entry.restore : t.entry.archive}
            </Menu.Item>
            {archived && (
              <Menu.Item
                className={menuItemClass}
                onSelect={() => {
                  setRemoving(true)
                }}
              >
                <Trash2 aria-hidden className="size-4 text-bad" />
                {t.entry.remove}
              </Menu.Item>
            )}
          </Menu.Content>
        </Menu.Portal>
      </Menu.Root>
      <RemoveDialog
        entry={entry}
        open={removing}
        onClose={() => {
          setRemoving(false)
        }}
      />
    </>
  )
}
