import { useMutation } from '@tanstack/react-query'
import { api } from '../../api/client'
import { useAnalyze } from '../../contexts/analyze'
import { t } from '../../i18n'
import { Button } from '../ui'

/** Starts the analysis of the page's channel and connects to it. */
export function StartButton({ label }: { label: string }) {
  const { channel, retry } = useAnalyze()
  const start = useMutation({ mutationFn: () => api.connect(channel), onSuccess: retry })
  return (
    <span className="flex flex-wrap items-center gap-2">
      <Button
        variant="solid"
        disabled={start.isPending}
        onClick={() => {
          start.mutate()
        }}
      >
        {start.isPending ? t.home.starting : label}
      </Button>
      {start.isError && (
        <span role="alert" className="text-sm text-bad">
          {start.error.message}
        </span>
      )}
    </span>
  )
}
