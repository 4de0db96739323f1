import { useQueryClient } from '@tanstack/react-query'
import { CircleCheck, FileUp } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Link } from 'react-router'
import { uploadLog, type Imported } from '../api/upload'
import { buttonClass } from '../components/buttonClass'
import { FormError, SelectField, TextField } from '../components/form/fields'
import { Button } from '../components/ui'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'
import { cx } from '../lib/cx'
import { formatBytes, formatCount, formatShare, timeZone } from '../lib/format'

const texts = t.upload
const maxBytes = 256_000_000

type State =
  | { at: 'idle' }
  | { at: 'sending'; share: number; cancel: () => void }
  | { at: 'failed'; message: string }
  | { at: 'done'; entry: Imported }

/** `/upload`: analyses a log of past chat and saves it. */
export default function UploadPage() {
  useTitle(texts.title)
  const queries = useQueryClient()
  const [file, setFile] = useState<File>()
  const [over, setOver] = useState(false)
  const [channel, setChannel] = useState('')
  const [format, setFormat] = useState('auto')
  const [state, setState] = useState<State>({ at: 'idle' })
  const input = useRef<HTMLInputElement>(null)
  const cancel = state.at === 'sending' ? state.cancel : undefined
  // Leaving the page ends the sending.
  useEffect(() => cancel, [cancel])

  const take = (files: FileList | null) => {
    const next = files?.[0]
    if (next === undefined || state.at === 'sending') return
    setFile(next)
    setState(next.size > maxBytes ? { at: 'failed', message: texts.tooLarge } : { at: 'idle' })
  }
  const start = (log: File) => {
    const sent = uploadLog(log, { channel: channel.trim(), format, tz: timeZone() }, (share) => {
      setState((old) => (old.at === 'sending' ? { ...old, share } : old))
    })
    setState({ at: 'sending', share: 0, cancel: sent.cancel })
    sent.done.then(
      (entry) => {
        setState({ at: 'done', entry })
        void queries.invalidateQueries({ queryKey: ['history'] })
      },
      (error: unknown) => {
        setState({ at: 'failed', message: error instanceof Error ? error.message : texts.cancelled })
      },
    )
  }
  const again = () => {
    setFile(undefined)
    setState({ at: 'idle' })
    if (input.current !== null) input.current.value = ''
  }

  if (state.at === 'done') return <Done entry={state.entry} onAgain={again} />
  const sending = state.at === 'sending'
  return (
    <div className="mx-auto flex w-full max-w-2xl flex-col gap-4 px-4 py-8">
      <header>
        <h1 className="text-2xl font-semibold tracking-tight text-balance">{texts.heading}</h1>
        <p className="mt-1 text-base text-muted">{texts.lead}</p>
      </header>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          if (file !== undefined) start(file)
        }}
        className="flex flex-col gap-4 rounded-lg border border-line bg-surface p-4 sm:p-5"
      >
        <div
          onDragOver={(event) => {
            event.preventDefault()
            setOver(true)
          }}
          onDragLeave={() => {
            setOver(false)
          }}
          onDrop={(event) => {
            event.preventDefault()
            setOver(false)
            take(event.dataTransfer.files)
          }}
          className={cx(
            'flex flex-col items-center gap-2 rounded-lg border-2 border-dashed px-4 py-10 text-center',
            over ? 'border-accent bg-accent-soft' : 'border-line-strong',
          )}
        >
          <FileUp aria-hidden className="size-8 text-muted" />
          <p className="text-base font-medium wrap-anywhere">
            {file === undefined ? texts.drop : texts.file(file.name, formatBytes(file.size))}
          </p>
          <input
            ref={input}
            type="file"
            aria-label={texts.choose}
            tabIndex={-1}
            className="sr-only"
            onChange={(event) => {
              take(event.target.files)
            }}
          />
          <Button
            disabled={sending}
            onClick={() => {
              input.current?.click()
            }}
          >
            {file === undefined ? texts.choose : texts.another}
          </Button>
          <p className="max-w-md text-xs text-muted">{texts.formats}</p>
        </div>
        <div className="flex flex-wrap items-end gap-3">
          <TextField
            label={texts.channel}
            className="flex-1 basis-56"
            autoCapitalize="none"
            spellCheck={false}
            disabled={sending}
            value={channel}
            onChange={(event) => {
              setChannel(event.target.value)
            }}
          />
          <SelectField
            label={texts.format}
            className="w-44 max-sm:w-full"
            disabled={sending}
            value={format}
            options={logFormats.map((f) => [f, f === 'auto' ? texts.auto : f] as const)}
            onChange={setFormat}
          />
        </div>
        <p className="text-xs text-muted">{texts.zone(timeZone())}</p>
        <FormError message={state.at === 'failed' ? state.message : undefined} />
        {sending ? (
          <div className="flex items-center gap-3">
            <div className="min-w-0 flex-1">
              <progress
                value={state.share}
                max={1}
                aria-label={texts.title}
                className="h-2 w-full accent-accent-solid"
              />
              <p role="status" className="num text-muted">
                {state.share < 1 ? texts.sending(formatShare(state.share, 1)) : texts.analysing}
              </p>
            </div>
            <Button onClick={state.cancel}>{texts.cancel}</Button>
          </div>
        ) : (
          <Button
            type="submit"
            variant="solid"
            className="min-h-9 self-start px-6"
            disabled={file === undefined || file.size > maxBytes}
          >
            {texts.start}
          </Button>
        )}
      </form>
    </div>
  )
}

/** The server finds the format by itself; these are the names for when it is wrong. */
const logFormats = [
  'auto',
  'chatterino',
  'justlog-text',
  'messages-json',
  'twitchdownloader-json',
  'twitchdownloader-text',
  'chat-downloader-json',
  'chat-downloader-text',
  'irc',
  'irc-client-text',
  'csv',
  'plain-text',
  'chatmood',
]

function Done({ entry, onAgain }: { entry: Imported; onAgain: () => void }) {
  const problems = entry.source?.problem_count ?? 0
  return (
    <div role="status" className="flex flex-col items-center gap-2 px-4 py-16 text-center">
      <CircleCheck aria-hidden className="size-8 text-ok" />
      <h1 className="text-xl font-semibold">{texts.done}</h1>
      <p className="text-base text-muted">
        {texts.read(formatCount(entry.total_chats))}
        {problems > 0 && ` ${texts.problems(formatCount(problems))}`}
      </p>
      <div className="mt-3 flex flex-wrap justify-center gap-2">
        <Link to={`/history/${entry._id}`} className={buttonClass('solid')}>
          {texts.open}
        </Link>
        <Button onClick={onAgain}>{texts.another}</Button>
      </div>
    </div>
  )
}
