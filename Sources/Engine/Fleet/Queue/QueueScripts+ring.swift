// The turns of a claim. The least of the ring is read once into a heap, turns are taken there, and what
// became of the tenants is written back at the end: the ring is as if every turn had been taken in it.

import Redis

extension QueueScripts {
    /// One turn serves one tenant, or sets somebody aside.
    static let ring = """
        local has_open = redis.call('EXISTS', q .. ':open') == 1
        local heap, times, touched, limit, is_whole = {}, {}, {}, 0, false
        local function up(own, tenant)
            local place = #heap + 1
            while place > 1 do
                local parent = math.floor(place / 2)
                if heap[parent][1] <= own then break end
                heap[place] = heap[parent]
                place = parent
            end
            heap[place] = {own, tenant}
        end
        local function pop()
            local size = #heap
            local last = heap[size]
            heap[size] = nil
            size = size - 1
            if size == 0 then return end
            local place = 1
            while true do
                local child = place * 2
                if child > size then break end
                if child < size and heap[child + 1][1] < heap[child][1] then child = child + 1 end
                if heap[child][1] >= last[1] then break end
                heap[place] = heap[child]
                place = child
            end
            heap[place] = last
        end
        local function top()
            while heap[1] do
                local own, tenant = heap[1][1], heap[1][2]
                if times[tenant] == own then return own, tenant end
                pop()
                if times[tenant] then up(times[tenant], tenant) end
            end
        end
        local function fetch(many)
            heap, times = {}, {}
            local found = redis.call('ZRANGE', q .. ':ring', 0, many, 'WITHSCORES')
            local names = {}
            for i = 1, #found, 2 do
                local own = tonumber(found[i + 1])
                heap[#heap + 1] = {own, found[i]}
                times[found[i]] = own
                limit = own
                names[#names + 1] = 't:' .. found[i]
            end
            is_whole = #heap <= many
            know(names)
        end
        local function write_ring()
            local ring, gone, asleep, aside = {}, {}, {}, {}
            for tenant, what in pairs(touched) do
                if what[1] == 'ring' then
                    ring[#ring + 1] = what[2]
                    ring[#ring + 1] = tenant
                else
                    gone[#gone + 1] = tenant
                    local list = what[1] == 'aside' and aside or asleep
                    list[#list + 1] = what[1] == 'aside' and what[2] or tenant
                    list[#list + 1] = what[1] == 'aside' and tenant or what[2]
                end
            end
            touched = {}
            for i = 1, #gone, 2000 do
                redis.call('ZREM', q .. ':ring', unpack(gone, i, math.min(i + 1999, #gone)))
            end
            for i = 1, #ring, 2000 do
                redis.call('ZADD', q .. ':ring', unpack(ring, i, math.min(i + 1999, #ring)))
            end
            for i = 1, #aside, 2000 do
                redis.call('ZADD', q .. ':pt', unpack(aside, i, math.min(i + 1999, #aside)))
            end
            for i = 1, #asleep, 2000 do
                redis.call('HSET', q .. ':vt', unpack(asleep, i, math.min(i + 1999, #asleep)))
            end
        end
        local function stays(tenant, own)
            times[tenant] = own
            touched[tenant] = {'ring', own}
        end
        local function leaves(tenant, own, where)
            times[tenant] = nil
            touched[tenant] = {where, own}
        end
        local function serve(own, tenant)
            local space = room('t:' .. tenant)
            if space <= 0 then return leaves(tenant, own, 'aside') end
            local shelf = q .. ':l:' .. tenant
            local lanes = redis.call('ZRANGE', shelf, 0, 1, 'WITHSCORES')
            local workflow = lanes[1]
            if lanes[3] then
                -- While it was alone, a lane's score was left as it was.
                local real = head(tenant, workflow)
                if not real then
                    redis.call('ZREM', shelf, workflow)
                    workflow = lanes[3]
                    lanes[3] = nil
                elseif real > tonumber(lanes[4]) then
                    redis.call('ZADD', shelf, real, workflow)
                    workflow = lanes[3]
                end
            end
            if not workflow then return leaves(tenant, own, 'asleep') end
            local open = room('w:' .. workflow)
            if open <= 0 then
                redis.call('ZREM', shelf, workflow)
                redis.call('ZADD', q .. ':pw:' .. workflow, own, tenant)
                redis.call('SADD', q .. ':pws', workflow)
                if not lanes[3] and redis.call('EXISTS', shelf) == 0 then leaves(tenant, own, 'asleep') end
                return
            end
            local weight = policy('t:' .. tenant).weight
            local many = math.min(left, space, open, 500)
            if lanes[3] or has_open then
                many = 1
            else
                local second = heap[2] and heap[2][1]
                if heap[3] and heap[3][1] < second then second = heap[3][1] end
                if not second and not is_whole then second = limit end
                if second then
                    many = math.min(many, math.max(1, math.floor((second - own) * weight) + 1))
                end
            end
            local taken = take(tenant, workflow, many)
            -- Where the last of these runs began, not the first: the tenant has had them all.
            system = math.max(system, own + math.max(taken - 1, 0) / weight)
            own = own + taken / weight
            if lanes[3] then
                local real = head(tenant, workflow)
                if real then
                    redis.call('ZADD', shelf, real, workflow)
                else
                    redis.call('ZREM', shelf, workflow)
                end
                return stays(tenant, own)
            end
            if taken == many and redis.call('EXISTS', q .. ':r:' .. workflow .. '\\n' .. tenant) == 1 then
                return stays(tenant, own)
            end
            redis.call('ZREM', shelf, workflow)
            if redis.call('EXISTS', shelf) == 1 then return stays(tenant, own) end
            leaves(tenant, own, 'asleep')
        end

        """

    /// Fills spare slots once all others are taken: with one run of each tenant that has none in flight. Who
    /// woke just now stands at the front of the ring, so no more than its front is looked at.
    static let newcomers = """
        local function serve_newcomers()
            write_ring()
            fetch(16)
            local front = {}
            for place, turn in ipairs(heap) do front[place] = turn end
            for _, turn in ipairs(front) do
                if spare <= 0 then break end
                if held['t:' .. turn[2]] == 0 then
                    left = 1
                    serve(turn[1], turn[2])
                    spare = spare - 1 + left
                end
            end
            left = 0
        end

        """

    /// Lanes of workflows that were at their caps and have room again: a ring for each workflow.
    static let aside = """
        local function open_lane(least)
            local found
            local names = redis.call('SMEMBERS', q .. ':open')
            has_open = #names > 0
            for _, workflow in ipairs(names) do
                local lane = redis.call('ZRANGE', q .. ':pw:' .. workflow, 0, 0, 'WITHSCORES')
                if not lane[1] or room('w:' .. workflow) <= 0 then
                    redis.call('SREM', q .. ':open', workflow)
                    if not lane[1] then redis.call('SREM', q .. ':pws', workflow) end
                elseif not least or tonumber(lane[2]) <= least then
                    least = tonumber(lane[2])
                    found = {workflow, lane[1], least}
                end
            end
            return found
        end
        local function serve_aside(lane)
            local workflow, tenant, own = lane[1], lane[2], lane[3]
            local list = q .. ':pw:' .. workflow
            local in_ring = times[tenant]
            if not in_ring and not touched[tenant] then
                in_ring = tonumber(redis.call('ZSCORE', q .. ':ring', tenant))
            end
            local resting = touched[tenant] and touched[tenant][2]
            local real = in_ring or resting or tonumber(redis.call('HGET', q .. ':vt', tenant) or '0')
            if real > own and real > system then
                redis.call('ZADD', list, real, tenant)
                return
            end
            if room('t:' .. tenant) <= 0 then
                local first = head(tenant, workflow)
                redis.call('ZREM', list, tenant)
                if first then
                    redis.call('ZADD', q .. ':l:' .. tenant, first, workflow)
                    leaves(tenant, math.max(real, own), 'aside')
                end
                return
            end
            local taken = take(tenant, workflow, 1)
            local after = math.max(real, own, system) + taken / policy('t:' .. tenant).weight
            system = math.max(system, own)
            if in_ring then stays(tenant, after) else leaves(tenant, after, 'asleep') end
            if head(tenant, workflow) then
                redis.call('ZADD', list, after, tenant)
            else
                redis.call('ZREM', list, tenant)
            end
        end

        """
}
