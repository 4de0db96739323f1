import * as Menu from '@radix-ui/react-dropdown-menu'
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import {
  Ellipsis,
  FileClock,
  KeyRound,
  LogOut,
  Pencil,
  Trash2,
  UserCheck,
  UserPlus,
  UserX,
} from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { Link } from 'react-router'
import { nameOf } from '../../api/account'
import { admin, type AdminUser } from '../../api/admin'
import { UserDialog } from '../../components/admin/UserDialog'
import { Avatar } from '../../components/Avatar'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { Select } from '../../components/form/fields'
import { Pager, rowClass, SearchField, SortHeader, Table } from '../../components/lists'
import { menuClass, menuItemClass } from '../../components/menu'
import { ErrorState, Loading } from '../../components/states'
import { Button } from '../../components/ui'
import { useAuth } from '../../contexts/auth'
import { useListControls } from '../../hooks/useListControls'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { cx } from '../../lib/cx'
import { formatDate, formatDateTimeZone } from '../../lib/format'
import { toast } from '../../lib/toast'

const texts = t.admin.users
const defaults = {
  page: 1,
  limit: 20,
  search: '',
  role: '',
  status: '',
  sort: 'created_at',
  direction: 'desc',
}

/** `/admin/users` */
export default function UsersPage() {
  useTitle(t.admin.places.users)
  const { params, set, onSearch, sorting, pager } = useListControls(defaults)
  const [editing, setEditing] = useState<AdminUser>()
  const [creating, setCreating] = useState(false)
  const users = useQuery({
    queryKey: ['admin', 'users', params],
    queryFn: ({ signal }) => admin.users(params, signal),
    placeholderData: keepPreviousData,
  })
  const found = users.data
  return (
    <>
      <header className="flex flex-wrap items-end justify-between gap-3">
        <div>
          <h1 className="text-xl font-semibold tracking-tight">{t.admin.places.users}</h1>
          <p className="text-muted">{texts.lead}</p>
        </div>
        <Button
          variant="solid"
          onClick={() => {
            setCreating(true)
          }}
        >
          <UserPlus aria-hidden className="size-4" />
          {texts.create}
        </Button>
      </header>
      <div role="search" aria-label={texts.search} className="flex flex-wrap items-center gap-2">
        <SearchField
          label={texts.search}
          value={params.search}
          onSearch={onSearch}
          className="min-w-48 flex-1 max-sm:basis-full"
        />
        <Select
          label={texts.role}
          hideLabel
          className="max-sm:flex-1 max-sm:[&>select]:w-full"
          value={params.role}
          options={[['', texts.anyRole], ...Object.entries(texts.roles)]}
          onChange={(role) => {
            set({ role })
          }}
        />
        <Select
          label={texts.status}
          hideLabel
          className="max-sm:flex-1 max-sm:[&>select]:w-full"
          value={params.status}
          options={[['', texts.anyStatus], ...Object.entries(texts.statuses)]}
          onChange={(status) => {
            set({ status })
          }}
        />
      </div>
      {users.isError && <ErrorState error={users.error} onRetry={() => void users.refetch()} />}
      {found === undefined ? (
        users.isError ? null : (
          <Loading />
        )
      ) : found.items.length === 0 ? (
        <p className="py-10 text-center text-muted">{texts.none}</p>
      ) : (
        <>
          <Table
            label={t.admin.places.users}
            busy={users.isPlaceholderData}
            head={
              <>
                <SortHeader name={texts.columns.name} column="name" sorting={sorting} first="asc" />
                <SortHeader name={texts.columns.email} column="email" sorting={sorting} first="asc" />
                <SortHeader name={texts.columns.role} column="role" sorting={sorting} first="asc" />
                <SortHeader name={texts.columns.status} column="status" sorting={sorting} first="asc" />
                <SortHeader name={texts.columns.created_at} column="created_at" sorting={sorting} />
                <th role="columnheader" scope="col">
                  <span className="sr-only">{t.common.more}</span>
                </th>
              </>
            }
          >
            {found.items.map((u) => (
              <UserRow key={u._id} user={u} onEdit={setEditing} />
            ))}
          </Table>
          <Pager {...pager} pages={found.pages} total={found.total} />
        </>
      )}
      <UserDialog
        user={editing}
        open={editing !== undefined}
        onClose={() => {
          setEditing(undefined)
        }}
      />
      <UserDialog
        user={undefined}
        open={creating}
        onClose={() => {
          setCreating(false)
        }}
      />
    </>
  )
}

const statusTone: Record<string, string> = {
  active: 'border-line text-muted',
  not_active: 'border-warn bg-warn-soft text-text',
  suspended: 'border-bad bg-bad-soft text-text',
}

function UserRow({ user: u, onEdit }: { user: AdminUser; onEdit: (user: AdminUser) => void }) {
  const created = Date.parse(u.created_at)
  return (
    <tr role="row" className={rowClass}>
      <td role="cell" className="max-sm:flex-1">
        <button
          type="button"
          className="flex items-center gap-2.5 text-left font-medium after:absolute after:inset-0"
          onClick={() => {
            onEdit(u)
          }}
        >
          <Avatar user={u} />
          <span className="wrap-anywhere">{nameOf(u)}</span>
        </button>
      </td>
      <td role="cell" className="wrap-anywhere text-muted max-sm:order-1 max-sm:w-full">
        {u.email}
      </td>
      <td role="cell" className="max-sm:order-2">
        {texts.roles[u.role] ?? u.role}
      </td>
      <td role="cell" className="max-sm:order-2">
        <span className={cx('rounded-full border px-2 text-xs whitespace-nowrap', statusTone[u.status])}>
          {texts.statuses[u.status] ?? u.status}
        </span>
      </td>
      <td role="cell" className="num whitespace-nowrap text-muted max-sm:order-2 max-sm:ml-auto">
        <time dateTime={u.created_at} title={formatDateTimeZone(created)}>
          {formatDate(created)}
        </time>
      </td>
      <td role="cell" className="z-1 py-1! text-right">
        <UserMenu user={u} onEdit={onEdit} />
      </td>
    </tr>
  )
}

function UserMenu({ user: u, onEdit }: { user: AdminUser; onEdit: (user: AdminUser) => void }) {
  const { user: me } = useAuth()
  const queries = useQueryClient()
  const [removing, setRemoving] = useState(false)
  const name = nameOf(u)
  const run = useMutation({
    mutationFn: async ({ call, done }: { call: () => Promise<unknown>; done: string }) => {
      await call()
      return done
    },
    onSuccess: async (done) => {
      toast.done(done)
      await queries.invalidateQueries({ queryKey: ['admin'] })
    },
    onError: (error) => {
      toast.bad(name, error.message)
    },
  })
  const suspended = u.status === 'suspended'
  const setStatus = (status: AdminUser['status']) => () =>
    admin.changeUser(u._id, {
      first_name: u.first_name,
      last_name: u.last_name,
      email: u.email,
      role: u.role,
      status,
    })
  const reset = async () => {
    const told = await admin.resetUser(u._id)
    toast.done(told.message, told.link)
  }
  return (
    <>
      <Menu.Root modal={false}>
        <Menu.Trigger
          aria-label={texts.actions(name)}
          className="relative inline-flex size-8 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text"
        >
          <Ellipsis aria-hidden className="size-4" />
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Content align="end" sideOffset={4} collisionPadding={8} className={menuClass}>
            <Item
              icon={<Pencil aria-hidden className="size-4 text-muted" />}
              onSelect={() => {
                onEdit(u)
              }}
            >
              {texts.editAction}
            </Item>
            <Menu.Item asChild>
              <Link to={`/admin/users/${u._id}/history`} state={{ name }} className={menuItemClass}>
                <FileClock aria-hidden className="size-4 text-muted" />
                {texts.history}
              </Link>
            </Menu.Item>
            <Menu.Separator className="my-1 h-px bg-line" />
            {u._id !== me?.id && (
              <Item
                icon={
                  suspended ? (
                    <UserCheck aria-hidden className="size-4 text-muted" />
                  ) : (
                    <UserX aria-hidden className="size-4 text-muted" />
                  )
                }
                onSelect={() => {
                  run.mutate({ call: setStatus(suspended ? 'active' : 'suspended'), done: texts.saved })
                }}
              >
                {suspended ? texts.unsuspend : texts.suspend}
              </Item>
            )}
            <Item
              icon={<LogOut aria-hidden className="size-4 text-muted" />}
              onSelect={() => {
                run.mutate({ call: () => admin.signOutUser(u._id), done: texts.signedOut })
              }}
            >
              {texts.signOut}
            </Item>
            <Item
              icon={<KeyRound aria-hidden className="size-4 text-muted" />}
              onSelect={() => {
                reset().catch((error: unknown) => {
                  toast.bad(name, error instanceof Error ? error.message : undefined)
                })
              }}
            >
              {texts.reset}
            </Item>
            {u._id !== me?.id && (
              <Item
                icon={<Trash2 aria-hidden className="size-4 text-bad" />}
                onSelect={() => {
                  setRemoving(true)
                }}
              >
                {texts.remove}
              </Item>
            )}
          </Menu.Content>
        </Menu.Portal>
      </Menu.Root>
      <ConfirmDialog
        open={removing}
        title={texts.removeTitle(name)}
        text={texts.removeText}
        confirm={texts.remove}
        onClose={() => {
          setRemoving(false)
        }}
        run={async () => {
          await admin.removeUser(u._id)
          toast.done(texts.removed)
          await queries.invalidateQueries({ queryKey: ['admin'] })
        }}
      />
    </>
  )
}

function Item({ icon, onSelect, children }: { icon: ReactNode; onSelect: () => void; children: ReactNode }) {
  return (
    <Menu.Item className={menuItemClass} onSelect={onSelect}>
      {icon}
      {children}
    </Menu.Item>
  )
}
