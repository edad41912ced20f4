//! What every store promises, one function a promise. Each gets a fresh store, which it opens as often as it likes: every opening is
//! another process.

use super::*;

pub async fn serials_rise_and_everything_reads_back(stores: &Stores) {
    assert_eq!(stores.state().await.version.serial, 0);
    let mut store = stores.open();
    let lineage = store.snapshot().await.unwrap().version.lineage;
    store.unlock_values(sealer(&lineage));
    let mut writer = store.lock(&holder("apply"), NOW).await.unwrap();
    assert_eq!(writer.state().version.lineage, lineage);
    let url = Value::map(Type::String, [(Str::new("k"), Value::string("v"))].into()).sensitive();
    let events = [
        Event::Intended(Box::new(intent("0123456789abcdef", "a"))),
        Event::Recorded(addr("a"), Box::new(record("a"))),
        Event::Recorded(addr("b"), Box::new(record("b"))),
        Event::Deposed(addr("b"), "0badcafe".into()),
        Event::Output("url".into(), Some(url)),
    ];
    assert_eq!(writer.commit(&events, &stamp("apply")).await.unwrap(), 1);
    assert_eq!(writer.commit(&[recorded("c")], &stamp("import")).await.unwrap(), 2);
    assert_eq!(writer.commit(&[], &stamp("apply")).await.unwrap(), 2, "nothing to write, nothing written");
    let kept = writer.state().clone();
    assert_eq!(names(&kept), ["instance.a", "instance.c"]);
    drop(writer);
    let read = stores.open_with_key(&lineage).snapshot().await.unwrap();
    same(&read, &kept);
    assert_eq!(read.records[&addr("a")], record("a"));
    assert!(read.damaged.is_empty(), "{:?}", read.damaged);
    assert_eq!(&*read.last.unwrap().command, "import");
}

pub async fn a_commit_is_whole_or_nothing(stores: &Stores) {
    stores.commit(&[recorded("a"), recorded("b")]).await;
    let mut writer = stores.writer().await;
    let impossible = Event::Moved { from: addr("a"), to: addr("b") };
    let refused = writer.commit(&[recorded("c"), impossible], &stamp("apply")).await.unwrap_err();
    assert!(refused.to_string().contains("`instance.b` is taken"), "{refused}");
    assert_eq!(names(writer.state()), ["instance.a", "instance.b"]);
    assert_eq!(names(&stores.state().await), ["instance.a", "instance.b"]);
    let moved = [Event::Removed(addr("b")), Event::Moved { from: addr("a"), to: addr("b") }];
    assert_eq!(writer.commit(&moved, &stamp("apply")).await.unwrap(), 2);
    assert_eq!(names(&stores.state().await), ["instance.b"]);
}

pub async fn a_second_writer_is_told_who_the_first_is(stores: &Stores) {
    let first = stores.open().lock(&holder("apply -auto-approve"), NOW).await.unwrap();
    let Err(StoreError::Locked { holder: told }) = stores.open().lock(&holder("plan"), NOW).await else {
        panic!("two writers at once");
    };
    assert_eq!(told, holder("apply -auto-approve"));
    assert_eq!(told.to_string(), "ann@build-3 (process 42, `apply -auto-approve`)");
    drop(first);
    stores.writer().await;
}

pub async fn a_writer_waits_for_the_lock(stores: &Stores) {
    let first = stores.writer().await;
    let release = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(first);
    };
    let (store, plan) = (stores.open(), holder("plan"));
    let (second, ()) = tokio::join!(store.lock(&plan, Duration::from_secs(20)), release);
    assert!(second.is_ok());
}

pub async fn readers_see_the_last_commit_while_another_writes(stores: &Stores) {
    let mut writer = stores.writer().await;
    for name in ["a", "b", "c"] {
        writer.commit(&[recorded(name)], &stamp("apply")).await.unwrap();
        same(&stores.state().await, writer.state());
    }
}

pub async fn sealed_values_stay_closed_without_the_key_and_are_kept(stores: &Stores) {
    stores.commit(&[recorded("a")]).await;
    let lineage = stores.state().await.version.lineage;
    let with_key = || stores.open_with_key(&lineage);
    let mut writer = with_key().lock(&holder("apply"), NOW).await.unwrap();
    let secret = Event::Recorded(addr("a"), Box::new(record("a")));
    writer.commit(&[secret], &stamp("apply")).await.unwrap();
    drop(writer);

    let closed = stores.state().await.records[&addr("a")].clone();
    let hole = Value::unknown(Type::String).sensitive();
    assert_eq!(closed.values.at(&Path::root().child_attr("token")), Some(hole));
    let mut wrong = stores.open();
    wrong.unlock_values(Arc::new(Sealer::new(&Key::from_bytes([8; 32]), &lineage)));
    let wrong = wrong.snapshot().await.unwrap();
    assert_eq!(wrong.records[&addr("a")], closed);
    assert!(wrong.damaged.is_empty(), "another key is not damage: {:?}", wrong.damaged);

    // Writing, deposing and restoring the record without the key keeps what is sealed.
    let ready = Record { status: Status::Ready, ..closed };
    let key: DeposedKey = "0badcafe".into();
    stores.commit(&[Event::Recorded(addr("a"), Box::new(ready.clone()))]).await;
    stores.commit(&[Event::Deposed(addr("a"), key.clone())]).await;
    stores.commit(&[Event::Restored(addr("a"), key)]).await;
    let open = with_key().snapshot().await.unwrap();
    assert_eq!(open.records[&addr("a")], Record { status: Status::Ready, ..record("a") });

    // With the key, an unknown is meant.
    let mut writer = with_key().lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[Event::Recorded(addr("a"), Box::new(ready.clone()))], &stamp("apply")).await.unwrap();
    drop(writer);
    assert_eq!(with_key().snapshot().await.unwrap().records[&addr("a")], ready);
}

pub async fn a_move_binds_secrets_to_their_new_address(stores: &Stores) {
    stores.commit(&[recorded("other")]).await;
    let lineage = stores.state().await.version.lineage;
    let mut writer = stores.open_with_key(&lineage).lock(&holder("apply"), NOW).await.unwrap();
    let key: DeposedKey = "0badcafe".into();
    let secret = || Box::new(record("a"));
    let made = [Event::Recorded(addr("a"), secret()), Event::Deposed(addr("a"), key.clone())];
    writer.commit(&made, &stamp("apply")).await.unwrap();
    let moved = Event::Moved { from: addr("a"), to: addr("b") };
    let both = [Event::Recorded(addr("a"), secret()), moved];
    writer.commit(&both, &stamp("apply")).await.unwrap();
    drop(writer);
    let state = stores.open_with_key(&lineage).snapshot().await.unwrap();
    assert_eq!(names(&state), ["instance.b", "instance.other"]);
    assert_eq!(state.records[&addr("b")], record("a"));
    assert_eq!(state.deposed[&(addr("b"), key)], record("a"), "deposed objects go along");
    assert_eq!(state.deposed.len(), 1);

    let mut writer = stores.writer().await;
    let away = Event::Moved { from: addr("b"), to: addr("c") };
    let refused = writer.commit(&[away], &stamp("apply")).await;
    assert!(matches!(refused, Err(StoreError::Closed { .. })), "the key is not there");
    let free = Event::Moved { from: addr("other"), to: addr("c") };
    writer.commit(&[free], &stamp("apply")).await.unwrap();
}

pub async fn no_secret_is_kept_without_a_key(stores: &Stores) {
    stores.commit(&[Event::Recorded(addr("a"), Box::new(record("a")))]).await;
    let lineage = stores.state().await.version.lineage;
    let read = stores.open_with_key(&lineage).snapshot().await.unwrap();
    let token = read.records[&addr("a")].values.at(&Path::root().child_attr("token"));
    assert_eq!(token, Some(Value::unknown(Type::String).sensitive()));
}

pub async fn nothing_ephemeral_is_kept(stores: &Stores) {
    let both = Marks::SENSITIVE.union(Marks::EPHEMERAL);
    let values = object(&[
        ("a", Value::string("gone-with-the-run").mark(Marks::EPHEMERAL)),
        ("b", object(&[("c", Value::string("gone-with-the-run").mark(both))])),
    ]);
    stores.commit(&[Event::Recorded(addr("a"), Box::new(Record { values, ..plain("a") }))]).await;
    let values = &stores.state().await.records[&addr("a")].values;
    assert_eq!(values.at(&Path::root().child_attr("a")), Some(Value::null(Type::String)));
    assert!(!values.contains_marks(Marks::EPHEMERAL));
}

/// A fixed walk of a hundred random commits: what was folded is what is read back, at every serial.
pub async fn rows_and_events_tell_the_same(stores: &Stores) {
    let mut writer = stores.writer().await;
    let mut random = 88_172_645_463_325_252_u64;
    let mut next = move |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let mut refused = 0;
    for step in 0..100 {
        let events: Vec<_> = (0..=next(4)).map(|_| random_event(&mut next)).collect();
        match writer.commit(&events, &stamp("apply")).await {
            Ok(_) => {}
            Err(StoreError::Refused { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
        if step % 5 == 0 {
            same(&stores.state().await, writer.state());
        }
    }
    same(&stores.state().await, writer.state());
    assert!(refused < 50, "{refused} of 100 commits were refused");
}

fn random_event(next: &mut impl FnMut(u64) -> u64) -> Event {
    let name = |n: u64| ["a", "b", "c", "d"][n as usize];
    let at = addr(name(next(4)));
    let key: DeposedKey = ["00000001", "00000002"][next(2) as usize].into();
    let id = ["0000000000000001", "0000000000000002"][next(2) as usize];
    match next(10) {
        0 => Event::Intended(Box::new(Intent { record: plain("i"), ..intent(id, "a") })),
        1 => Event::Settled(id.into()),
        2 | 3 => Event::Recorded(at, Box::new(plain(&format!("r{}", next(1000))))),
        4 => Event::Removed(at),
        5 => Event::Deposed(at, key),
        6 => Event::Restored(at, key),
        7 => Event::RemovedDeposed(at, key),
        8 => Event::Moved { from: at, to: addr(name(next(4))) },
        _ => Event::Output("o".into(), (next(2) == 0).then(|| Value::string("v"))),
    }
}

pub async fn the_history_says_who_did_what_and_can_be_visited(stores: &Stores) {
    assert!(stores.open().history().await.unwrap().is_empty());
    assert!(stores.open().image(None).await.unwrap().is_none(), "never written");
    stores.commit(&[recorded("a"), Event::Output("o".into(), Some(Value::bool(true)))]).await;
    stores.commit(&[Event::Moved { from: addr("a"), to: addr("b") }]).await;
    stores.commit(&[Event::Removed(addr("b"))]).await;
    let history = stores.open().history().await.unwrap();
    let did: Vec<Vec<Did>> =
        history.iter().map(|entry| entry.changes.iter().map(|c| c.did).collect()).collect();
    assert_eq!(did, [vec![Did::Recorded, Did::SetOutput], vec![Did::Moved], vec![Did::Removed]]);
    assert_eq!(history.iter().map(|entry| entry.serial).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(history[1].changes[0].to.as_deref(), Some("instance.b"));
    assert_eq!(history[0].stamp, stamp("apply"));
    for (serial, expected) in [(1, "instance.a"), (2, "instance.b")] {
        let past = stores.open().image(Some(serial)).await.unwrap().unwrap().open(None).unwrap();
        assert_eq!((past.version.serial, names(&past)), (serial, vec![expected.to_owned()]));
    }
    assert!(stores.open().image(Some(4)).await.unwrap().is_none(), "not yet");
}

pub async fn a_whole_state_takes_the_place_of_another_in_one_commit(stores: &Stores) {
    stores.commit(&[recorded("other")]).await;
    let lineage = stores.state().await.version.lineage;
    let mut writer = stores.open_with_key(&lineage).lock(&holder("apply"), NOW).await.unwrap();
    let first = [Event::Recorded(addr("a"), Box::new(record("a"))), recorded("b")];
    writer.commit(&first, &stamp("apply")).await.unwrap();
    let then = writer.state().clone();
    let intended = Event::Intended(Box::new(intent("0123456789abcdef", "c")));
    writer.commit(&[Event::Removed(addr("a")), recorded("c"), intended], &stamp("apply")).await.unwrap();
    drop(writer);

    let past = stores.open().image(Some(2)).await.unwrap().unwrap();
    let mut writer = stores.writer().await;
    assert_eq!(writer.replace(&past, &stamp("state rollback")).await.unwrap(), 4);
    assert_eq!(writer.replace(&past, &stamp("state rollback")).await.unwrap(), 4, "it is that already");
    drop(writer);
    let state = stores.open_with_key(&lineage).snapshot().await.unwrap();
    assert_eq!(
        (&state.records, state.intents.len()),
        (&then.records, 0),
        "sealed values too, without the key"
    );
    assert_eq!(&*state.last.unwrap().command, "state rollback");
    let entry = stores.open().history().await.unwrap().pop().unwrap();
    let did: Vec<Did> = entry.changes.iter().map(|change| change.did).collect();
    assert_eq!(did, [Did::Settled, Did::Recorded, Did::Removed]);

    // A later serial is taken over, and the one after it follows.
    let mut later = past.clone();
    later.version.serial = 20;
    assert_eq!(stores.writer().await.replace(&later, &stamp("state push")).await.unwrap(), 20);
    assert_eq!(stores.commit(&[recorded("d")]).await, 21);
    assert_eq!(names(&stores.state().await), ["instance.a", "instance.b", "instance.d", "instance.other"]);
}

pub async fn a_state_that_was_never_written_takes_any_image(stores: &Stores) {
    let elsewhere = stores_in_memory();
    elsewhere.commit(&[recorded("other")]).await;
    let lineage = elsewhere.state().await.version.lineage;
    let mut writer = elsewhere.open_with_key(&lineage).lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[Event::Recorded(addr("a"), Box::new(record("a")))], &stamp("apply")).await.unwrap();
    drop(writer);
    let mut image = elsewhere.open().image(None).await.unwrap().unwrap();
    image.version.serial = 57;
    let text = image.document(None).unwrap();
    let image = Image::from_document(&text, None).unwrap();
    let mut writer = stores.writer().await;
    assert_eq!(writer.replace(&image, &stamp("state push")).await.unwrap(), 57);
    assert_eq!(writer.state().version, image.version);
    assert_eq!(writer.commit(&[recorded("b")], &stamp("apply")).await.unwrap(), 58);
    drop(writer);
    let state = stores.open_with_key(&lineage).snapshot().await.unwrap();
    assert_eq!((state.version.serial, &state.version.lineage), (58, &lineage));
    assert_eq!(state.records[&addr("a")], record("a"), "what was sealed elsewhere opens here");
    assert!(state.damaged.is_empty(), "{:?}", state.damaged);
}

pub async fn the_writer_knows_the_state_by_heart(stores: &Stores) {
    stores.commit(&[recorded("other")]).await;
    let lineage = stores.state().await.version.lineage;
    let mut writer = stores.open_with_key(&lineage).lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[Event::Recorded(addr("a"), Box::new(record("a")))], &stamp("apply")).await.unwrap();
    drop(writer);
    let writer = stores.writer().await;
    let stored = stores.open().image(None).await.unwrap().unwrap();
    assert_eq!(writer.image().unwrap().differences(&stored), [] as [String; 0], "what is closed too");
    assert_eq!(writer.image().unwrap().version, stored.version);
}

pub async fn a_lock_that_is_broken_fences_its_holder_or_is_not_broken(stores: &Stores) {
    assert_eq!(stores.open().holder().await.unwrap(), None);
    assert!(matches!(stores.open().break_lock("f00d").await, Err(StoreError::NotLocked)));
    let mut first = stores.writer().await;
    first.commit(&[recorded("a")], &stamp("apply")).await.unwrap();
    assert_eq!(stores.open().holder().await.unwrap(), Some(holder("apply")));
    assert!(matches!(stores.open().break_lock("cafe").await, Err(StoreError::Locked { .. })), "another lock");
    match stores.open().break_lock("f00d").await {
        Ok(()) => {
            let mut second = stores.writer().await;
            let late = first.commit(&[recorded("late")], &stamp("apply")).await;
            assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
            drop(first);
            assert_eq!(second.commit(&[recorded("b")], &stamp("apply")).await.unwrap(), 2);
            assert_eq!(stores.open().holder().await.unwrap(), Some(holder("apply")), "the second holds it");
        }
        Err(StoreError::Alive { holder: told }) => {
            assert_eq!(told, holder("apply"));
            first.commit(&[recorded("b")], &stamp("apply")).await.unwrap();
        }
        Err(error) => panic!("{error}"),
    }
    assert_eq!(names(&stores.state().await), ["instance.a", "instance.b"]);
}

pub async fn a_damaged_row_is_named_and_the_rest_stays_usable(stores: &Stores) {
    for name in ["a", "b", "c"] {
        stores.commit(&[recorded(name)]).await;
    }
    (stores.damage)("record instance.b");
    let state = stores.state().await;
    assert_eq!(names(&state), ["instance.a", "instance.c"]);
    assert!(state.damaged.contains_key("instance.b"), "{:?}", state.damaged);
    let repaired = stores.open().repair(&holder("state restore"), NOW).await.unwrap();
    if let Rebuilt::Salvaged { damaged, .. } = repaired {
        assert_eq!(damaged, ["instance.b"]);
    }
    stores.commit(&[recorded("d")]).await;
    assert_eq!(stores.state().await.damaged.len(), 1, "writing others does not hide it");
    stores.commit(&[recorded("b")]).await;
    assert_eq!(names(&stores.state().await).len(), 4);
    assert!(stores.state().await.damaged.is_empty(), "writing it anew heals it");
}
