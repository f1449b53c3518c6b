-- Which series of a stable study go to the AI node, and when they have arrived.
--
-- A study that has been quiet for StableAge seconds is sent in one store job, which
-- is one association: a study in which a model may read a series, whole, because one
-- series can say what another lacks. Left out is every series that the node itself stored. What the
-- node then has is remembered at the study, as "series:number of instances" of each
-- series, so that the study goes again only when it has something new.
--
-- AE title, modality and what the models read come from Orthanc's configuration
-- (orthanc/render.py).

local STORE_JOB = 'DicomModalityStore'
local ROUTED = 'AiNodeRouted'    -- what has arrived at the node
local PENDING = 'AiNodePending'  -- "job|fingerprint" of the store job under way
local ASKED = 'AiNodeAsked'      -- `pacs-node check --store` asks who is there
local SERVES = 'AiNodeServes'    -- and this script answers with its node

local configuration = GetOrthancConfiguration()
local modality = configuration['AiNode']['Modality']
local reads = configuration['AiNode']['Reads']  -- nil: nobody knows, all may be read
local node_aet = configuration['DicomModalities'][modality]['AET']


local function log(message)
  print('ai-node: ' .. message)
end


-- The last argument keeps plugins out of the way. nil when Orthanc answers an error.
local function get(path)
  local answer = RestApiGet(path, true)
  return answer and ParseJson(answer)
end


-- Only instances know who sent them; an instance that came by HTTP has no sender.
local function came_from_node(series)
  local metadata = get('/instances/' .. series['Instances'][1] .. '/metadata?expand')
  return metadata ~= nil and metadata['RemoteAET'] == node_aet
end


local function may_be_read(series)
  if reads == nil then
    return true
  end
  for _, name in ipairs(reads) do
    if series['MainDicomTags']['Modality'] == name then
      return true
    end
  end
  return false
end


-- Returns the series to send, sorted, and their fingerprint; none of a study of which
-- no model reads anything.
local function series_for_node(study_id)
  local ids, entries = {}, {}
  local is_of_use = false
  for _, series in ipairs(get('/studies/' .. study_id .. '/series') or {}) do
    if not came_from_node(series) then
      is_of_use = is_of_use or may_be_read(series)
      table.insert(ids, series['ID'])
      table.insert(entries, series['ID'] .. ':' .. #series['Instances'])
    end
  end
  if not is_of_use then
    return {}, ''
  end
  table.sort(ids)
  table.sort(entries)
  return ids, table.concat(entries, ',')
end


-- By hand: DumpJson turns numbers and empty lists into what Orthanc rejects.
local function store_request(ids)
  return '{"Resources":["' .. table.concat(ids, '","') .. '"],"Asynchronous":true}'
end


local function split_pending(pending)
  return string.match(pending or '', '^([^|]*)|(.*)$')
end


-- A job that failed or vanished is not under way: the study may be routed again.
local function under_way(pending, fingerprint)
  local job_id, sent = split_pending(pending)
  if sent ~= fingerprint then
    return false
  end
  local job = get('/jobs/' .. job_id)
  return job ~= nil and job['State'] ~= 'Failure'
end


function OnStableStudy(study_id, tags, metadata)
  local ids, fingerprint = series_for_node(study_id)
  if #ids == 0 or metadata[ROUTED] == fingerprint
      or under_way(metadata[PENDING], fingerprint) then
    return
  end

  local answer = RestApiPost('/modalities/' .. modality .. '/store',
                             store_request(ids), true)
  if answer == nil then
    log('study ' .. study_id .. ' NOT routed to ' .. node_aet
        .. ': Orthanc refused the store job')
    return
  end
  local job_id = ParseJson(answer)['ID']
  -- Callbacks run one after the other: the job cannot report before this is written.
  RestApiPut('/studies/' .. study_id .. '/metadata/' .. PENDING,
             job_id .. '|' .. fingerprint, true)
  log('study ' .. study_id .. ': ' .. #ids .. ' series to ' .. node_aet
      .. ', job ' .. job_id)
end


-- Returns the store job to the node and its study, nil for any other job. Jobs
-- outlive a restart of Orthanc, so nothing is remembered in this script.
local function routing_job(job_id)
  local job = get('/jobs/' .. job_id)
  if job == nil or job['Type'] ~= STORE_JOB
      or job['Content']['RemoteAet'] ~= node_aet then
    return nil
  end
  local first = (job['Content']['ParentResources'] or {})[1]
  local study = first and get('/series/' .. first .. '/study')
  return job, study and study['ID']
end


function OnJobSuccess(job_id)
  local job, study_id = routing_job(job_id)
  if study_id == nil then
    return
  end
  local metadata = get('/studies/' .. study_id .. '/metadata?expand') or {}
  local pending_job, fingerprint = split_pending(metadata[PENDING])
  if pending_job ~= job_id then
    return
  end
  RestApiPut('/studies/' .. study_id .. '/metadata/' .. ROUTED, fingerprint, true)
  RestApiDelete('/studies/' .. study_id .. '/metadata/' .. PENDING, true)
  log('study ' .. study_id .. ' arrived at ' .. node_aet)
end


function OnJobFailure(job_id)
  local job, study_id = routing_job(job_id)
  if job == nil then
    return
  end
  log('study ' .. tostring(study_id) .. ' NOT delivered to ' .. node_aet .. ': '
      .. tostring(job['ErrorDescription']) .. ' To try again: POST /jobs/'
      .. job_id .. '/resubmit')
end


-- Once for each metadata written at a study, never for an image.
function OnUpdatedStudy(study_id)
  local metadata = get('/studies/' .. study_id .. '/metadata?expand') or {}
  if metadata[ASKED] ~= nil and metadata[SERVES] ~= node_aet then
    RestApiPut('/studies/' .. study_id .. '/metadata/' .. SERVES, node_aet, true)
  end
end
