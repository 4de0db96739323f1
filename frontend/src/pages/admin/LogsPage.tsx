import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import { admin } from '../../api/admin'
import { LogsKept } from '../../components/admin/Kept'
import { Dialog } from '../../components/Dialog'
import { FormError, Select, TextField } from '../../components/form/fields'
import { DateField } from '../../components/form/DateField'
import { Pager, rowClass, SearchField, SortHeader, Table } from '../../components/lists'
import { ErrorState, Loading } from '../../components/states'
import { Button } from '../../components/ui'
import { useListControls } from '../../hooks/useListControls'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { dayStart, formatCount, formatDateTime, formatDateTimeZone, timeZone } from '../../lib/format'
import { toast } from '../../lib/toast'

const texts = t.admin.logs
const defaults = {
  page: 1,
  limit: 20,
  search: '',
  sort: 'created_at',
  direction: 'desc',
  activity: '',
  from: '',
  to: '',
}

/** `/admin/logs` */
export default function LogsPage() {
  useTitle(t.admin.places.logs)
  const { params, set, onSearch, sorting, pager } = useListControls(defaults)
  const [cleaning, setCleaning] = useState(false)
  const logs = useQuery({
    queryKey: ['admin', 'logs', params],
    queryFn: ({ signal }) =>
      admin.logs(
        {
          page: params.page,
          limit: params.limit,
          search: params.search,
          sortField: params.sort,
          sortDirection: params.direction,
          activity: params.activity,
          from: dayStart(params.from, 0),
          to: dayStart(params.to, 1),
        },
        signal,
      ),
    placeholderData: keepPreviousData,
  })
  const activities = useQuery({
    queryKey: ['admin', 'activities'],
    queryFn: ({ signal }) => admin.activities(signal),
  })
  const found = logs.data
  return (
    <>
      <header className="flex flex-wrap items-end justify-between gap-3">
        <div>
          <h1 className="text-xl font-semibold tracking-tight">{t.admin.places.logs}</h1>
          <p className="text-muted">{texts.lead}</p>
          <LogsKept />
        </div>
        <Button
          variant="danger"
          onClick={() => {
            setCleaning(true)
          }}
        >
          <Trash2 aria-hidden className="size-3.5" />
          {texts.cleanUp}
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
          label={texts.columns.activity}
          hideLabel
          className="max-sm:w-full sm:w-56 [&>select]:w-full"
          value={params.activity}
          options={[['', texts.anyActivity], ...(activities.data ?? []).map((a) => [a, a, 'en'] as const)]}
          onChange={(activity) => {
            set({ activity })
          }}
        />
        <DateField
          label={t.history.from}
          value={params.from}
          onChange={(from) => {
            set({ from })
          }}
        />
        <DateField
          label={t.history.to}
          value={params.to}
          onChange={(to) => {
            set({ to })
          }}
        />
      </div>
      {logs.isError && <ErrorState error={logs.error} onRetry={() => void logs.refetch()} />}
      {found === undefined ? (
        logs.isError ? null : (
          <Loading />
        )
      ) : found.logs.length === 0 ? (
        <p className="py-10 text-center text-muted">{texts.none}</p>
      ) : (
        <>
          <Table
            label={t.admin.places.logs}
            busy={logs.isPlaceholderData}
            head={
              <>
                <SortHeader name={texts.columns.created_at} column="created_at" sorting={sorting} />
                <SortHeader name={texts.columns.user_name} column="user_name" sorting={sorting} first="asc" />
                <SortHeader name={texts.columns.activity} column="activity" sorting={sorting} first="asc" />
                <th role="columnheader" scope="col">
                  {texts.columns.details}
                </th>
              </>
            }
          >
            {/* The server writes its log in English. */}
            {found.logs.map((l) => {
              const at = Date.parse(l.created_at)
              return (
                <tr key={l._id} role="row" className={rowClass}>
                  <td role="cell" className="num whitespace-nowrap text-muted">
                    <time dateTime={l.created_at} title={formatDateTimeZone(at)}>
                      {formatDateTime(at)}
                    </time>
                  </td>
                  <td role="cell" className="wrap-anywhere">
                    {l.user_name === '' ? <span className="text-faint">{texts.nobody}</span> : l.user_name}
                  </td>
                  <td role="cell" lang="en" className="font-medium">
                    {l.activity}
                  </td>
                  <td role="cell" lang="en" className="wrap-anywhere text-muted max-sm:w-full">
                    {l.details}
                  </td>
                </tr>
              )
            })}
          </Table>
          <div className="flex flex-wrap items-center justify-between gap-2">
            <span className="text-xs text-faint">{t.session.zone(timeZone())}</span>
            <Pager {...pager} pages={Math.ceil(found.totalItems / params.limit)} total={found.totalItems} />
          </div>
        </>
      )}
      <Dialog
        open={cleaning}
        title={texts.cleanUpTitle}
        onClose={() => {
          setCleaning(false)
        }}
      >
        <CleanUp
          onClose={() => {
            setCleaning(false)
          }}
        />
      </Dialog>
    </>
  )
}

function CleanUp({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient()
  const [days, setDays] = useState('90')
  const clean = useMutation({
    mutationFn: () => admin.cleanUp(Number(days)),
    onSuccess: async (told) => {
      toast.done(texts.cleaned(formatCount(told.deleted_count)))
      onClose()
      await queries.invalidateQueries({ queryKey: ['admin'] })
    },
  })
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        clean.mutate()
      }}
      className="mt-2 flex flex-col gap-4"
    >
      <p className="text-base text-muted">{texts.cleanUpText}</p>
      <TextField
        label={texts.keep}
        type="number"
        min={1}
        max={36_500}
        value={days}
        onChange={(event) => {
          setDays(event.target.value)
        }}
      />
      <FormError message={clean.error?.message} />
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button type="submit" variant="danger" disabled={!/^\d+$/.test(days) || clean.isPending}>
          {clean.isPending ? t.form.working : texts.cleanUp}
        </Button>
      </div>
    </form>
  )
}
